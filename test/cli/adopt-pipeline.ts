/** Final windows over several files, into tables of all kinds: what is shown hangs on clocks. */
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";

const Order = t.row({
  id: t.string(),
  user: t.string(),
  amount: t.int64(),
  at: t.timestamp({ json: "s" }),
});

const rowMs = Number(process.env["ORDERS_ROW_MS"] ?? 0);
const pauses = new Int32Array(new SharedArrayBuffer(4));
const often = { commitEvery: { time: "30ms", bytes: 1 << 24 } } as const;
const seldom = { commitEvery: { time: "200ms", bytes: 1 << 24 } } as const;

export default pipeline("orders", { checkpointEvery: "20ms", batchRows: 7 }, (p) => {
  const orders = p
    .from("orders", files({ path: "input/*.jsonl", decode: json(Order) }), {
      eventTime: "at",
      maxOutOfOrderness: "10m",
    })
    .tap(() => {
      if (rowMs > 0) Atomics.wait(pauses, 0, 0, rowMs);
    });
  orders.to("bronze", delta({ path: "./lake/bronze" }), often);
  const perHour = orders
    .keyBy("user")
    .window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ orders: a.count(), amount: a.sum("amount") }));
  perHour.to("hours", parquet({ path: "./lake/hours" }), seldom);
  perHour.late.to("late", filesSink({ path: "./lake/late", format: jsonLines() }), often);
  orders
    .groupBy("user")
    .aggregate("per-user", (a) => ({ orders: a.count(), amount: a.sum("amount") }))
    .to("users", delta({ path: "./lake/users" }), seldom);
});
