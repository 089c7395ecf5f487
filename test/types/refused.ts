/**
 * Misuses that must not compile, each with words that the compiler's message must hold. `refused.test.ts` compiles them
 * without the directives and reads the messages.
 */
import {
  defineAggregate,
  defineConfig,
  migration,
  pipeline,
  secret,
  session,
  sliding,
  t,
  tumbling,
} from "dataflow";
import type { ChangeMode, Emit, Events, Stream, TypedOperator, TypedSink, TypedSource } from "dataflow";
import type { CallbackSink } from "dataflow/callback";

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
declare const tellsEmail: CallbackSink<{ email: string }>;
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
  // @ts-expect-error views and .late have none [DF_NO_EVENT_TIME]
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
  // @ts-expect-error use count, sum or avg, or aggregate before rows can change [DF_RETRACTABLE]
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
  // @ts-expect-error column \"email\" [DF_SINK_ROW]
  s.to("x", tellsEmail);
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

  // Sessions

  const visits = s.keyBy("userId").window(session("10m"));
  const open = visits.aggregate("open", (a) => ({ n: a.count() }), { emit: "onUpdate" });
  // @ts-expect-error DF_NOT_APPEND
  back.window(session("10m"));
  // @ts-expect-error DF_NOT_APPEND
  back.keyBy("userId").window(session("10m"));
  // @ts-expect-error DF_NOT_APPEND
  back.window(p === undefined ? session("10m") : tumbling("1h"));
  // @ts-expect-error DF_NEEDS_CHANGELOG
  upd.window(session("10m"));
  // @ts-expect-error DF_NO_EVENT_TIME
  untimed.keyBy("userId").window(session("10m"));
  // @ts-expect-error DF_COLUMN_TWICE
  fin.keyBy("windowEnd").window(session("10m"));
  // @ts-expect-error DF_NO_MERGE
  visits.aggregate("x", (a) => ({ m: a.use(total, "qty") }));
  // @ts-expect-error DF_COLUMN_TWICE
  visits.aggregate("x", (a) => ({ windowStart: a.count() }));
  // @ts-expect-error DF_SINK_MODE
  open.to("x", parquet);
  // @ts-expect-error DF_SINK_MODE
  open.to("x", upserts);
  // @ts-expect-error DF_NOT_UPSERT
  open.changelog("c");
  // @ts-expect-error DF_NOT_APPEND
  open.keyBy("userId").window(session("1d"));
  // @ts-expect-error '"10 min"' is not assignable
  s.window(session("10 min"));

  // Views

  const view = s.groupBy("userId").aggregate("v", (a) => ({ n: a.count(), c: a.sum("cents") }));
  const backGroup = view.changelog("vc").groupBy("n");
  // @ts-expect-error DF_NEEDS_CHANGELOG
  upd.groupBy("userId");
  // @ts-expect-error DF_NEEDS_CHANGELOG
  view.groupBy("n");
  // @ts-expect-error '"user"' is not assignable
  s.groupBy("user");
  // @ts-expect-error Expected at least 1 arguments
  s.groupBy();
  // @ts-expect-error DF_COLUMN_TWICE
  s.groupBy("userId").aggregate("x", (a) => ({ userId: a.count() }));
  // @ts-expect-error DF_RETRACTABLE
  backGroup.aggregate("x", (a) => ({ m: a.max("c") }));
  // @ts-expect-error DF_NO_RETRACT
  backGroup.aggregate("x", (a) => ({ m: a.use(longest, "userId") }));
  // @ts-expect-error DF_SINK_MODE
  view.to("x", parquet);
  // @ts-expect-error DF_NO_EVENT_TIME
  view.changelog("t").window(tumbling("1h"));
  // @ts-expect-error 'late' does not exist
  view.late.to("x", delta);
  // @ts-expect-error 'emit' does not exist
  s.groupBy("userId").aggregate("x", (a) => ({ n: a.count() }), { emit: "final" });

  // Aggregates over some rows

  const some = (o: Order): boolean => o.qty > 1;
  // @ts-expect-error 'amount' does not exist
  hour.aggregate("x", (a) => ({ n: a.where((o) => o.amount > 0n).count() }));
  // @ts-expect-error Promise<boolean>
  hour.aggregate("x", (a) => ({ n: a.where(async (o) => o.cents > 0n).count() }));
  // @ts-expect-error 'number' is not assignable to type 'boolean'
  hour.aggregate("x", (a) => ({ n: a.where((o) => o.qty).count() }));
  // @ts-expect-error 'where' does not exist
  hour.aggregate("x", (a) => ({ n: a.where(some).where(some).count() }));
  // @ts-expect-error DF_RETRACTABLE
  backGroup.aggregate("x", (a) => ({ m: a.where((r) => r.n > 1).min("c") }));
  // @ts-expect-error DF_NO_MERGE
  slide.aggregate("x", (a) => ({ m: a.where((o) => o.qty > 1).use(total, "qty") }));

  // The latest row of each group

  const perUser = s.groupBy("userId");
  // @ts-expect-error DF_NOT_APPEND
  back.groupBy("userId").latest("l", { by: "n" });
  // @ts-expect-error DF_NEEDS_CHANGELOG
  upd.groupBy("userId").latest("l", { by: "n" });
  // @ts-expect-error DF_NEEDS_CHANGELOG
  perUser.latest("l", { by: "at" }).keyBy("id");
  // @ts-expect-error '"userId"' is not assignable
  perUser.latest("l", { by: "userId" });
  // @ts-expect-error '"orderId"' is not assignable
  perUser.latest("l", { by: ["at", "orderId"] });
  // @ts-expect-error Source has 0 element(s) but target requires 1
  perUser.latest("l", { by: [] });
  // @ts-expect-error 'string' is not assignable to type 'bigint'
  perUser.latest("l", { by: "at", migrate: migration("m", Order, (o) => ({ ...o, cents: "5" })) });
  // @ts-expect-error Property 'price' does not exist
  perUser.latest("l", { by: "at", migrate: migration("m", Order, (o) => ({ ...o, cents: o.price })) });
  // @ts-expect-error 'by' is missing
  perUser.latest("l", {});
  // @ts-expect-error 'order' does not exist
  perUser.latest("l", { by: "at", order: "asc" });
  // @ts-expect-error DF_NO_EVENT_TIME
  perUser.latest("l", { by: "at" }).changelog("c").keyBy("id").window(tumbling("1h"));
  // @ts-expect-error DF_SINK_MODE
  perUser.latest("l", { by: "at" }).to("x", parquet);

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
// @ts-expect-error 'zone' does not exist
pipeline("x", { params: t.row({ a: t.string() }), defaults: { zone: "eu" } }, () => {});
// @ts-expect-error 'string' is not assignable to type 'number
pipeline("x", { params: t.row({ least: t.int() }), defaults: { least: "5" } }, () => {});
// @ts-expect-error 'pepper' does not exist
pipeline("x", { secrets: ["salt"] }, (p, params) => p.scope(params.pepper.reveal(), () => {}));
// @ts-expect-error 'Secret' is not assignable to parameter of type 'string'
pipeline("x", { secrets: ["salt"] }, (p, { salt }) => p.scope(salt, () => {}));
// @ts-expect-error '"SALT"' is not assignable to
secret("SALT");
// @ts-expect-error 'paralelism' does not exist
defineConfig({ paralelism: 4 });
// @ts-expect-error 'string' is not assignable to type 'number'
defineConfig({ profiles: { prod: { parallelism: "4" } } });
// @ts-expect-error "mostly"
pipeline("x", { require: "mostly" }, () => {});
// @ts-expect-error not assignable to type 'Type<
t.row({ id: "string" });
