/**
 * Misuses that must not compile, each with words that the compiler's message must hold. `refused.test.ts` compiles them
 * without the directives and reads the messages.
 */
import { defineAggregate, pipeline, sliding, t, tumbling } from "dataflow";
import type { ChangeMode, Emit, Events, Stream, TypedOperator, TypedSink, TypedSource } from "dataflow";

const Order = t.row({
  id: t.string(),
  userId: t.string(),
  cents: t.int64(),
  qty: t.int(),
  at: t.timestamp(),
  seen: t.timestamp().nullable(),
  note: t.string().nullable(),
  day: t.date(),
});
type Order = t.infer<typeof Order>;
declare const orders: TypedSource<Order>;
declare const cdc: TypedSource<Order, "changes">;
declare const delta: TypedSink<unknown, ChangeMode>;
declare const parquet: TypedSink<unknown, "append">;
declare const upserts: TypedSink<unknown, "append" | "upsert">;
declare const wantsEmail: TypedSink<{ id: string; email: string }, ChangeMode>;
declare const wantsInt: TypedSink<{ id: string; cents: number }, "append" | "upsert">;
declare const wantsNote: TypedSink<{ note: string }, ChangeMode>;
declare const ofEvents: TypedOperator<{ userId: string }, "append", { id: string }, "append">;
declare const ofEmail: TypedOperator<{ email: string }, ChangeMode, { id: string }, "append">;
const longest = defineAggregate({
  value: t.string(),
  state: { n: t.int() },
  output: t.int(),
  init: () => ({ n: 0 }),
  add: (state, value) => ({ n: Math.max(state.n, value.length) }),
  result: (state) => state.n,
});
const total = defineAggregate({
  value: t.int(),
  state: { n: t.int() },
  output: t.int(),
  init: () => ({ n: 0 }),
  add: (state, value) => ({ n: state.n + value }),
  result: (state) => state.n,
});
const counted = total.retract((state, value) => ({ n: state.n - value }));
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;

pipeline("refused", (p) => {
  const untimed = p.from("untimed", orders);
  const s = p.from("orders", orders, clock);
  const hour = s.keyBy("userId").window(tumbling("1h"));
  const fin = hour.aggregate("fin", (a) => ({ n: a.count(), c: a.sum("cents") }));
  const upd = hour.aggregate("upd", (a) => ({ n: a.count(), c: a.sum("cents") }), { allowedLateness: "10m" });
  const back = upd.changelog("back");
  const backHour = back.keyBy("userId").window(tumbling("1d"));

  // Event time

  // @ts-expect-error DF_NO_EVENT_TIME
  untimed.keyBy("userId").window(tumbling("1h"));
  // @ts-expect-error DF_NO_EVENT_TIME
  untimed.window(tumbling("1h"));
  // @ts-expect-error DF_NO_EVENT_TIME
  untimed.dedupe("d", { by: "id", within: "1d", keep: "any" });
  // @ts-expect-error '"cents"' is not assignable to type '"at"'
  p.from("x", orders, { eventTime: "cents", maxOutOfOrderness: "1s" });
  // @ts-expect-error '"seen"' is not assignable to type '"at"'
  p.from("x", orders, { eventTime: "seen", maxOutOfOrderness: "1s" });
  // @ts-expect-error maxOutOfOrderness
  p.from("x", orders, { eventTime: "at" });
  // @ts-expect-error maxOutOfOrderness
  p.from("x", orders, { maxOutOfOrderness: "1s" });
  // @ts-expect-error idleTimeOut
  p.from("x", orders, { eventTime: "at", maxOutOfOrderness: "30s", idleTimeOut: "1m" });

  // Updates where only events may go

  // @ts-expect-error DF_NEEDS_CHANGELOG
  upd.keyBy("userId");
  // @ts-expect-error DF_NEEDS_CHANGELOG
  upd.window(tumbling("1d"));
  // @ts-expect-error DF_NOT_APPEND
  upd.dedupe("d", { by: "userId", within: "1d", keep: "any" });
  // @ts-expect-error DF_NOT_APPEND
  back.dedupe("d", { by: "userId", within: "1d", keep: "any" });
  // @ts-expect-error DF_NOT_APPEND
  upd.flatMap({ x: t.string() }, (r) => [{ x: r.userId }]);
  // @ts-expect-error DF_NOT_UPSERT
  s.changelog("c");
  // @ts-expect-error DF_NOT_UPSERT
  back.changelog("c");
  // @ts-expect-error "upsert"
  fin.union(upd);
  // @ts-expect-error DF_RETRACTABLE
  backHour.aggregate("x", (a) => ({ m: a.min("windowEnd") }));
  // @ts-expect-error DF_RETRACTABLE
  backHour.aggregate("x", (a) => ({ m: a.max("n") }));
  // @ts-expect-error DF_SOURCE_CHANGES
  p.from("x", cdc);
  // @ts-expect-error '"upsert"' is not assignable to type '"append"'
  upd.via("x", ofEvents);

  // Sinks

  // @ts-expect-error DF_SINK_MODE
  upd.to("x", parquet);
  // @ts-expect-error DF_SINK_MODE
  hour.aggregate("e", (a) => ({ n: a.count() }), { emit: "onUpdate" }).to("x", parquet);
  // @ts-expect-error DF_SINK_MODE
  hour.aggregate("e", (a) => ({ n: a.count() }), { emit: "final" as Emit }).to("x", parquet);
  // @ts-expect-error DF_SINK_MODE
  back.to("x", upserts);
  // @ts-expect-error column \"email\" [DF_SINK_ROW]
  s.to("x", wantsEmail);
  // @ts-expect-error column \"cents\" in another type [DF_SINK_ROW]
  s.to("x", wantsInt);
  // @ts-expect-error column \"note\" without nulls [DF_SINK_ROW]
  s.to("x", wantsNote);
  // @ts-expect-error commitEvry
  s.to("x", delta, { commitEvry: { time: "1s" } });

  // Keys

  // @ts-expect-error map() drops key column \"userId\"
  upd.map({ windowStart: t.timestamp() }, (r) => ({ windowStart: r.windowStart }));
  // @ts-expect-error DF_KEY_TYPE
  upd.map({ userId: t.int64(), windowStart: t.timestamp() }, (r) => ({ ...r, userId: 1n }));
  // @ts-expect-error map() drops key column
  back.map({ n: t.int() }, (r) => ({ n: r.n }));

  // Columns

  // @ts-expect-error '"user"' is not assignable
  s.keyBy("user");
  // @ts-expect-error 'amount' does not exist
  s.filter((o) => o.amount > 0n);
  // @ts-expect-error '"userId"' is not assignable to parameter of type '"cents" | "qty"'
  hour.aggregate("x", (a) => ({ n: a.sum("userId") }));
  // @ts-expect-error '"at"' is not assignable to parameter of type '"cents" | "qty"'
  hour.aggregate("x", (a) => ({ n: a.sum("at") }));
  // @ts-expect-error '"at"' is not assignable to parameter of type '"cents" | "qty"'
  hour.aggregate("x", (a) => ({ n: a.avg("at") }));
  // @ts-expect-error '"price"' is not assignable
  hour.aggregate("x", (a) => ({ n: a.min("price") }));
  // @ts-expect-error DF_COLUMN_TWICE
  hour.aggregate("x", (a) => ({ userId: a.count() }));
  // @ts-expect-error DF_COLUMN_TWICE
  hour.aggregate("x", (a) => ({ windowStart: a.min("at") }));
  // @ts-expect-error DF_COLUMN_TWICE
  fin.keyBy("windowStart").window(tumbling("1d"));
  // @ts-expect-error DF_NO_RETRACT
  backHour.aggregate("x", (a) => ({ m: a.use(longest, "userId") }));
  // @ts-expect-error '"userId"' is not assignable
  hour.aggregate("x", (a) => ({ m: a.use(total, "userId") }));

  // Windows that overlap

  const slide = s.keyBy("userId").window(sliding("1h", "5m"));
  const either = s.window(p === undefined ? sliding("1h", "5m") : tumbling("1h"));
  const backSlide = back.window(sliding("1d", "1h"));
  // @ts-expect-error DF_NO_MERGE
  slide.aggregate("x", (a) => ({ m: a.use(total, "qty") }));
  // @ts-expect-error DF_NO_MERGE
  either.aggregate("x", (a) => ({ m: a.use(total, "qty") }));
  // @ts-expect-error DF_NO_RETRACT
  backSlide.aggregate("x", (a) => ({ m: a.use(longest, "userId") }));
  // @ts-expect-error DF_NO_MERGE
  backSlide.aggregate("x", (a) => ({ m: a.use(counted, "n") }));
  // @ts-expect-error DF_RETRACTABLE
  backSlide.aggregate("x", (a) => ({ m: a.max("n") }));
  // @ts-expect-error DF_NO_EVENT_TIME
  untimed.window(sliding("1h", "5m"));
  // @ts-expect-error DF_NEEDS_CHANGELOG
  upd.window(sliding("1h", "5m"));
  // @ts-expect-error DF_COLUMN_TWICE
  fin.keyBy("windowStart").window(sliding("1d", "1h"));
  // @ts-expect-error Expected 2-3 arguments
  s.window(sliding("1h"));

  // Values
  // @ts-expect-error '>' cannot be applied to types 'bigint' and 'string'
  fin.filter((r) => r.c > "x");
  // @ts-expect-error possibly 'null'
  s.filter((o) => o.note.length > 0);
  // @ts-expect-error '"nothing"' is not assignable
  s.notNull("nothing");
  // @ts-expect-error Property 'email' is missing
  s.via("x", ofEmail);

  // Expressions

  // @ts-expect-error '"price"' is not assignable
  s.select((col) => ({ x: col("price") }));
  // @ts-expect-error 'mul' does not exist on type 'TextExpr
  s.select((col) => ({ x: col("userId").mul(2) }));
  // @ts-expect-error 'mul' does not exist on type 'OrderedExpr
  s.select((col) => ({ x: col("day").mul(2) }));
  // @ts-expect-error NumberExpr<number>
  s.select((col) => ({ x: col("cents").mul(col("at").since(col("at"))) }));
  // @ts-expect-error 'number' is not assignable to parameter of type 'Operand<string>'
  s.select((col) => ({ x: col("id").eq(5) }));
  // @ts-expect-error 'number' is not assignable to type 'Expression<unknown>'
  s.select((col) => ({ id: col("id"), x: 5 }));
  // @ts-expect-error DF_KEY_LOST
  upd.select((col) => ({ userId: col("userId"), c: col("c") }));
  // @ts-expect-error "week"
  s.select((col) => ({ x: col("at").truncate("week") }));

  // Lambdas

  // @ts-expect-error Promise<boolean>
  s.filter(async (o) => o.cents > 0n);
  // @ts-expect-error NotAsync
  s.map({ id: t.string() }, async (o) => ({ id: o.id }));
  // @ts-expect-error 'c' is missing
  s.map({ id: t.string(), c: t.int64() }, (o) => ({ id: o.id }));
  // @ts-expect-error 'number' is not assignable to type 'bigint'
  s.map({ c: t.int64() }, (o) => ({ c: Number(o.cents) }));
  // @ts-expect-error Expected 2-3 arguments
  s.map((o: Order) => ({ id: o.id }));
  // @ts-expect-error '() => string' is not assignable to type 'string'
  s.map({ id: t.string() }, (o) => ({ id: () => o.id }));
  // @ts-expect-error '+' cannot be applied to types 'bigint' and '1'
  s.filter((o) => o.cents + 1 > 0n);
  // @ts-expect-error 'number' is not assignable to type 'boolean'
  s.filter((o) => o.qty);

  // Options and ids

  // @ts-expect-error "1 fortnight"
  s.dedupe("d", { by: "id", within: "1 fortnight", keep: "any" });
  // @ts-expect-error 'keep' is missing
  s.dedupe("d", { by: "id", within: "1d" });
  // @ts-expect-error "orderId"
  s.dedupe("d", { by: "orderId", within: "1d", keep: "any" });
  // @ts-expect-error Expected 2-3 arguments
  hour.aggregate((a) => ({ n: a.count() }));
  // @ts-expect-error Expected 2-3 arguments
  s.to(delta);
  // @ts-expect-error DF_NO_EVENT_TIME
  upd.late.keyBy("userId").window(tumbling("1h"));
  // @ts-expect-error 'late' does not exist
  s.late.to("x", delta);
  // @ts-expect-error "sometimes"
  hour.aggregate("x", (a) => ({ n: a.count() }), { emit: "sometimes" });
  // @ts-expect-error "1 hour"
  s.keyBy("userId").window(tumbling("1 hour"));
  // @ts-expect-error not assignable
  s.keyBy("userId").window("1h");
});

// Functions over streams

const needsEvents = (s: Events<{ id: string }>): unknown => s;
// @ts-expect-error '"upsert"' is not assignable to type '"append"'
export const given = (s: Stream<Order, "upsert", "id", true>): unknown => needsEvents(s);
const needsName = (s: Events<{ name: string }>): unknown => s;
// @ts-expect-error 'name' is missing
export const named = (s: Events<Order>): unknown => needsName(s);

// Parameters and rows

// @ts-expect-error 'zone' does not exist
pipeline("x", { params: t.row({ region: t.string() }) }, (p, params) => p.scope(params.zone, () => {}));
// @ts-expect-error "mostly"
pipeline("x", { require: "mostly" }, () => {});
// @ts-expect-error not assignable to type 'Type<
t.row({ id: "string" });
