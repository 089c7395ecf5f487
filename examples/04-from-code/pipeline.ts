import { pipeline, t, type PipelineDefinition } from "dataflow";
import { delta } from "dataflow/delta";
import { filesSink, jsonLines } from "dataflow/files";
import { inbox } from "dataflow/inbox";
import { fromIterable } from "dataflow/iterables";
import { fromZod } from "dataflow/zod";
import { Order, orders, type Timing } from "./orders.ts";

/** A row of the result, as the program reads it. */
export const Revenue = t.row({ shop: t.enum("north", "south"), orders: t.int(), cents: t.int() });

/** What each shop has taken, from its first order on. */
export function revenue(timing: Timing): PipelineDefinition {
  return pipeline("revenue", { require: "convergent", checkpointEvery: "100ms" }, (p) => {
    const tills = fromIterable(fromZod(Order), () => orders(timing), { bounded: true });
    p.from("orders", inbox(tills, { path: "./orders.inbox", id: "id" }), {
      onInvalid: filesSink({ path: "./lake/invalid_orders", format: jsonLines() }),
    })
      .groupBy("shop")
      .aggregate("per-shop", (a) => ({ orders: a.count(), cents: a.sum("cents") }))
      .to("revenue", delta({ path: "./lake/revenue" }), { commitEvery: { time: "200ms", bytes: 1 << 20 } });
  });
}
