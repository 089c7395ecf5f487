/** Orders per user and hour in an upsert table, and what it must hold, computed without the engine. */
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { memorySource } from "dataflow/memory";
import { canonicalLines } from "./canonical-lines.ts";
import { delivering, type Delivering } from "./delivering.ts";

const Order = t.row({
  user: t.string(),
  at: t.timestamp(),
  amount: t.int64(),
  weight: t.float64().nullable(),
});
type Order = t.input<typeof Order>;

const Gold = t.row({
  user: t.string(),
  windowStart: t.timestamp(),
  windowEnd: t.timestamp(),
  orders: t.int(),
  amount: t.int64(),
  heaviest: t.float64().nullable(),
});
type GoldRow = {
  user: string;
  windowStart: number;
  windowEnd: number;
  orders: number;
  amount: bigint;
  heaviest: number | null;
};

const HOUR_MS = 3_600_000;

/** What others do while a run delivers; counted from 0. */
export interface Between {
  /** Before the rows of a delivery come. */
  readonly before?: (delivery: number) => void;
  /** When a delivery is staged and not yet committed. */
  readonly staged?: (delivery: number) => void;
  /** When it is decided and not yet committed. */
  readonly intentStored?: () => void;
}

/** An upsert table that grows, and its model. Rows whose count is a multiple of 4 are not shown: rows come and go. */
export interface OrdersTable extends Delivering {
  /** Delivers some more orders, in one commit each time; gives what each version must show. */
  deliverOrders(times: number, between?: Between): Promise<ReadonlyMap<number, readonly string[]>>;
  /** What the table must show, as `canonicalLines`. */
  expected(): readonly string[];
  /** Takes a user's rows out of the model, all or but those of the last delivery, as somebody who deletes them. */
  forget(user: string, which: "all" | "but the last delivery's"): void;
}

/** Prepares a table without rows. */
export function ordersTable(
  partitionBy: readonly string[] = [],
  change: "upsert" | "retract" = "upsert",
): OrdersTable {
  const log: Order[] = [];
  const groups = new Map<string, GoldRow>();
  const shown = new Map<string, GoldRow>();
  /** Keys of the last delivery. */
  const touched = new Set<string>();
  let deliveries = 0;
  const definition = pipeline("orders", { checkpointEvery: "1ms" }, (p) => {
    const hours = p
      .from("log", memorySource(log, Order, { bounded: false }), {
        eventTime: "at",
        maxOutOfOrderness: "365d",
      })
      .keyBy("user")
      .window(tumbling("1h"))
      .aggregate(
        "hours",
        (a) => ({ orders: a.count(), amount: a.sum("amount"), heaviest: a.max("weight") }),
        { emit: "onUpdate" },
      )
      .filter((row) => row.orders % 4 !== 0);
    const [sink, options] = [delta({ path: "./table", partitionBy }), { commitEvery: { bytes: 1 } }];
    if (change === "upsert") hours.to("out", sink, options);
    else hours.changelog("changes").to("out", sink, options);
  });
  const ran = delivering(definition);
  const expected = (): readonly string[] => canonicalLines(Gold.schema, [...shown.values()]);
  const more = (): void => {
    const orders = ordersOf(deliveries++);
    touched.clear();
    for (const order of orders) {
      const row = added(groups, order);
      const key = keyOf(row);
      touched.add(key);
      if (row.orders % 4 === 0) shown.delete(key);
      else shown.set(key, row);
    }
    log.push(...orders);
  };
  return {
    ...ran,
    deliverOrders: async (times, { before, staged, intentStored } = {}) => {
      const states: (readonly string[])[] = [];
      let begun = 0;
      const next = (): void => {
        if (begun > 0) states.push(expected());
        before?.(begun);
        begun++;
        more();
      };
      const versions = await ran.deliverEach(times, next, async (step) => {
        if (step === "staged") staged?.(begun - 1);
        if (step === "intent stored") intentStored?.();
      });
      states.push(expected());
      return new Map(versions.map((version, i) => [version, states[i] ?? []]));
    },
    expected,
    forget: (user, which) => {
      for (const [key, row] of shown) {
        if (row.user === user && (which === "all" || !touched.has(key))) shown.delete(key);
      }
    },
  };
}

const keyOf = ({ user, windowStart }: GoldRow): string => `${user} ${windowStart}`;

/** Adds an order to its group; gives the group's new row. */
function added(groups: Map<string, GoldRow>, { user, at, amount, weight }: Order): GoldRow {
  const windowStart = Math.floor(Number(at) / HOUR_MS) * HOUR_MS;
  const windowEnd = windowStart + HOUR_MS;
  const none: GoldRow = { user, windowStart, windowEnd, orders: 0, amount: 0n, heaviest: null };
  const old = groups.get(keyOf(none)) ?? none;
  const heaviest =
    weight === null ? old.heaviest : Math.max(weight, old.heaviest ?? Number.NEGATIVE_INFINITY);
  const row = { ...none, orders: old.orders + 1, amount: old.amount + amount, heaviest };
  groups.set(keyOf(row), row);
  return row;
}

/** The orders of a delivery: some for groups that are there, and one of a user who is new. */
function ordersOf(delivery: number): Order[] {
  const first = { user: `new ${delivery}`, at: delivery * HOUR_MS, amount: 1n, weight: null };
  const more = Array.from({ length: 20 }, (_, i): Order => {
    const draw = (delivery * 20 + i) * 7_919;
    return {
      user: ["a", "ü", "😀", "", "e\u0000", "new 1"][draw % 6] as string,
      at: (draw % 5) * HOUR_MS + (draw % 3_000),
      amount: BigInt(draw) - 300_000n,
      weight: draw % 4 === 0 ? null : (draw % 1_000) / 7 - 50,
    };
  });
  return [first, ...more];
}
