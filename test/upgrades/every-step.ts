/**
 * A pipeline with every step that keeps state and every sink whose target outlives the process. With UPGRADE=renamed
 * all of its ids are others and say what they were, with UPGRADE="renamed without words" they do not.
 */
import { defineAggregate, pipeline, session, sliding, t, tumbling } from "dataflow";
import { callback } from "dataflow/callback";
import { consoleSink } from "dataflow/console";
import { csv } from "dataflow/csv";
import { delta } from "dataflow/delta";
import { csvLines, files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";

const Order = t.row({
  id: t.string(),
  user: t.string(),
  cents: t.int64(),
  share: t.float64(),
  at: t.timestamp(),
});
const Payment = t.row({ order: t.string(), method: t.string().nullable(), at: t.timestamp() });

const longest = defineAggregate({
  value: t.string(),
  state: { length: t.int() },
  output: t.int(),
  init: () => ({ length: 0 }),
  add: ({ length }, text) => ({ length: Math.max(length, text.length) }),
  result: ({ length }) => length,
}).merge((a, b) => ({ length: Math.max(a.length, b.length) }));

const upgrade = process.env["UPGRADE"] ?? "";
const now = (id: string): string => (upgrade.startsWith("renamed") ? `${id}-now` : id);
const was = (id: string): { readonly renamedFrom?: string } =>
  upgrade === "renamed" ? { renamedFrom: id } : {};

export default pipeline("upgrades", { checkpointEvery: "50ms", batchRows: 10 }, (p) => {
  const read = p.from(now("orders"), files({ path: "orders.jsonl", decode: json(Order) }), {
    eventTime: "at",
    maxOutOfOrderness: "10m",
    onInvalid: filesSink({ path: "out/invalid", format: jsonLines() }),
    ...was("orders"),
  });
  // Without event time: what two logs that have ended and grow give together depends on which is read first.
  const payments = p.from(
    now("payments"),
    files({ path: "payments.csv", decode: csv(Payment) }),
    was("payments"),
  );
  const orders = read.filter(({ cents }) => cents > 0n);
  const at = { by: "id", within: "1d" } as const;
  orders.to(now("bronze"), delta({ path: "out/bronze" }), was("bronze"));

  const firsts = orders.dedupe(now("firsts"), { ...at, keep: "first", ...was("firsts") });
  firsts.to(now("first-rows"), parquet({ path: "out/firsts" }), was("first-rows"));
  const unique = orders.dedupe(now("unique"), { ...at, keep: "any", ...was("unique") });
  unique.to(now("unique-rows"), filesSink({ path: "out/unique", format: csvLines() }), was("unique-rows"));

  const hours = orders
    .keyBy("user")
    .window(tumbling("1h"))
    .aggregate(
      now("hours"),
      (a) => ({
        orders: a.count(),
        cents: a.sum("cents"),
        share: a.avg("share"),
        dear: a.where(({ cents }) => cents > 50n).count(),
        last: a.max("at"),
        least: a.min("cents"),
        longest: a.use(longest, "id"),
      }),
      { allowedLateness: "1h", emit: "onUpdate", ...was("hours") },
    );
  hours.to(now("gold"), delta({ path: "out/gold" }), was("gold"));
  hours.late.to(now("late"), filesSink({ path: "out/late", format: jsonLines() }), was("late"));
  orders
    .keyBy("user")
    .window(sliding("2h", "30m"))
    .aggregate(now("slides"), (a) => ({ cents: a.sum("cents") }), was("slides"))
    .to(now("slid"), delta({ path: "out/slid", partitionBy: ["user"] }), was("slid"));
  orders
    .keyBy("user")
    .window(session("7m"))
    .aggregate(now("visits"), (a) => ({ orders: a.count() }), was("visits"))
    .to(now("visited"), filesSink({ path: "out/visits", format: jsonLines() }), was("visited"));
  orders
    .keyBy("user")
    .window(session("20m"))
    .aggregate(now("days"), (a) => ({ cents: a.sum("cents") }), { allowedLateness: "1h", ...was("days") })
    .to(now("day-rows"), delta({ path: "out/days" }), was("day-rows"));

  const dear = orders.filter(({ cents }) => cents > 50n);
  const paid = orders.joinWindow(now("paid"), dear, {
    on: { id: "id" },
    window: tumbling("1h"),
    type: "left",
    select: (order, other) => ({ id: order("id"), cents: order("cents"), dear: other("cents") }),
    ...was("paid"),
  });
  paid.to(now("paid-rows"), parquet({ path: "out/paid" }), was("paid-rows"));
  payments
    .groupBy("method")
    .aggregate(now("methods"), (a) => ({ payments: a.count(), last: a.max("at") }), was("methods"))
    .to(now("method-rows"), delta({ path: "out/methods" }), was("method-rows"));

  const newest = orders.groupBy("user").latest(now("newest"), { by: ["at", "id"], ...was("newest") });
  newest.to(now("newest-rows"), delta({ path: "out/newest" }), was("newest-rows"));
  const moves = newest.changelog(now("moves"), was("moves"));
  const byShare = moves
    .groupBy("share")
    .aggregate(now("shares"), (a) => ({ users: a.count(), cents: a.sum("cents") }), was("shares"));
  byShare.to(now("share-rows"), delta({ path: "out/shares" }), was("share-rows"));
  byShare.to(now("printed"), consoleSink(), was("printed"));
  byShare.to(
    now("told"),
    callback(() => {}),
    was("told"),
  );
});
