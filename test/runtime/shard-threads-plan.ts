/** A pipeline with all that keeps rows by key, which each thread that has shards makes for itself. */
import { join } from "node:path";
import type { LoadPlan } from "@df/core/runtime/plan-elsewhere";
import { pipeline, t, tumbling, type BuiltPlan } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { memorySink } from "dataflow/memory";

const Sale = t.row({
  id: t.int(),
  shop: t.string(),
  kind: t.string(),
  cents: t.int64(),
  at: t.timestamp(),
});

/** What the plan is made of: its input, and the name of its targets. */
export interface Made {
  readonly folder: string;
  readonly name: string;
  readonly idle?: boolean;
}

/** Windows with late rows, a view, the latest rows, a join; rows that cannot be read, or that a lambda refuses. */
export function salesPlan({ folder, name, idle = false }: Made): BuiltPlan {
  return pipeline(
    "sales",
    { checkpointEvery: "10ms", batchRows: 64, rejected: memorySink(`${name}-rejected`) },
    (p) => {
      const sales = p
        .from("sales", files({ path: join(folder, "*.jsonl"), decode: json(Sale) }), {
          eventTime: "at",
          maxOutOfOrderness: "5m",
          ...(idle ? { idleTimeout: "20ms" } : {}),
          onInvalid: memorySink(`${name}-bad`),
        })
        .filter((sale) => {
          if (sale.id % 97 === 0) throw new RangeError(`sale ${sale.id} is odd`);
          return sale.id % 2 === 0;
        });
      sales.to("all", memorySink(`${name}-all`));
      const hours = sales.keyBy("shop").window(tumbling("1h"));
      const perHour = hours.aggregate("per-hour", (a) => ({
        sales: a.count(),
        cents: a.sum("cents"),
        dear: a.where(({ cents }) => isDear(cents)).count(),
      }));
      perHour.to("gold", memorySink(`${name}-gold`));
      perHour.late.to("late", memorySink(`${name}-late`));
      sales
        .groupBy("shop", "kind")
        .aggregate("view", (a) => ({ sales: a.count(), cents: a.sum("cents") }))
        .to("kinds", memorySink(`${name}-kinds`));
      sales
        .groupBy("shop")
        .latest("last", { by: ["at", "id"] })
        .to("latest", memorySink(`${name}-latest`));
      const [orders, pays] = ["order", "pay"].map((kind) => sales.filter((sale) => sale.kind === kind));
      orders
        ?.joinWindow("pairs", pays as typeof sales, {
          on: { shop: "shop" },
          window: tumbling("5m"),
          select: (order, pay) => ({ order: order("id"), pay: pay("id") }),
        })
        .to("paired", memorySink(`${name}-paired`));
    },
  ).build();
}

/** A condition behind the exchange by key that refuses some rows. */
function isDear(cents: bigint): boolean {
  if (cents % 89n === 0n) throw new RangeError(`${cents} cents are odd`);
  return cents > 5000n;
}

/** See `PlanElsewhere`. */
export const loadPlan: LoadPlan<Made> = async (made) => salesPlan(made);
