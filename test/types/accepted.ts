/** Pipelines that must compile, with the row types they must have. The compiler runs this file; nothing else does. */
import {
  defineAggregate,
  defineConfig,
  lit,
  pipeline,
  secret,
  session,
  sliding,
  t,
  tumbling,
} from "dataflow";
import { same, type FactsOf, type Row } from "./same.ts";
import type {
  AnyStream,
  ChangeMode,
  Decimal,
  Duration,
  Emit,
  Events,
  Pipeline,
  Secret,
  Stream,
  Table,
  Timestamp,
  TypedOperator,
  TypedSink,
  TypedSource,
} from "dataflow";

const Order = t.row({ id: t.string(), userId: t.string(), cents: t.int64(), at: t.timestamp() });
type Order = t.infer<typeof Order>;
declare const source: TypedSource<Order>;
declare function delta(path: string): TypedSink<unknown, ChangeMode>;
declare function parquet(path: string): TypedSink<unknown, "append">;
declare const strict: TypedSink<{ userId: string; orders: number }, "append" | "upsert">;
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;

// The flagship.
export const flagship = pipeline("orders", (p) => {
  const perUser = p
    .from("orders", source, {
      eventTime: "at",
      maxOutOfOrderness: "30s",
      idleTimeout: "1m",
      onInvalid: parquet("./lake/quarantine"),
    })
    .filter((o) => o.cents > 0n)
    .dedupe("by-id", { by: "id", within: "24h", keep: "any" })
    .keyBy("userId")
    .window(tumbling("1h"))
    .aggregate("per-user-hour", (a) => ({ orders: a.count(), cents: a.sum("cents") }), {
      allowedLateness: "10m",
    });
  perUser.to("gold", delta("./lake/gold/user_hour"));
  perUser.to("strict", strict, { commitEvery: { time: "5s", bytes: 1 << 20 } });
  perUser.late.to("late", parquet("./lake/late_orders"));
  same<
    Row<typeof perUser>,
    { userId: string; windowStart: Timestamp; windowEnd: Timestamp; orders: number; cents: bigint }
  >(true);
  same<FactsOf<typeof perUser>, ["upsert", "userId" | "windowStart", true]>(true);
  same<
    Row<typeof perUser.late>,
    { id: string; userId: string; cents: bigint; at: Timestamp; lateBy: number }
  >(true);
  same<FactsOf<typeof perUser.late>, ["append", never, false]>(true);
});

// What the change mode of a result depends on.
pipeline("modes", (p) => {
  const hours = p
    .from("orders", source, clock)
    .keyBy("userId")
    .window(tumbling("1h", { offset: "5m" }));
  const final = hours.aggregate("final", (a) => ({ n: a.count() }));
  same<FactsOf<typeof final>, ["append", never, true]>(true);
  const zero = hours.aggregate("zero", (a) => ({ n: a.count() }), { allowedLateness: "0s", emit: "final" });
  same<FactsOf<typeof zero>, ["append", never, true]>(true);
  const live = hours.aggregate("live", (a) => ({ n: a.count() }), { emit: "onUpdate" });
  same<FactsOf<typeof live>, ["upsert", "userId" | "windowStart", true]>(true);
  const unsure = hours.aggregate("unsure", (a) => ({ n: a.count() }), { emit: "final" as Emit });
  same<FactsOf<typeof unsure>, ["upsert", "userId" | "windowStart", true]>(true);
  const changes = live.changelog("changes");
  same<FactsOf<typeof changes>, ["retract", "userId" | "windowStart", true]>(true);
  const again = changes
    .keyBy("userId")
    .window(tumbling("1d"))
    .aggregate("day", (a) => ({ n: a.sum("n") }));
  same<FactsOf<typeof again>, ["append", never, true]>(true);
  same<FactsOf<typeof again.late>, ["retract", never, false]>(true);
  same<Row<typeof again>, { userId: string; windowStart: Timestamp; windowEnd: Timestamp; n: number }>(true);
  const all = p
    .from("other", source, clock)
    .window(tumbling("1h"))
    .aggregate("all", (a) => ({ n: a.count() }));
  same<Row<typeof all>, { windowStart: Timestamp; windowEnd: Timestamp; n: number }>(true);
});

// Windows that overlap.
const total = defineAggregate({
  value: t.int64(),
  state: { n: t.int64() },
  output: t.int64(),
  init: () => ({ n: 0n }),
  add: ({ n }, value) => ({ n: n + value }),
  result: ({ n }) => n,
});
const joined = total.merge((a, b) => ({ n: a.n + b.n }));
pipeline("sliding", (p) => {
  const orders = p.from("orders", source, clock);
  const last = orders
    .keyBy("userId")
    .window(sliding("1h", "5m", { offset: "1m" }))
    .aggregate("last-hour", (a) => ({ n: a.count(), least: a.min("cents"), sum: a.use(joined, "cents") }));
  same<FactsOf<typeof last>, ["append", never, true]>(true);
  same<
    Row<typeof last>,
    {
      userId: string;
      windowStart: Timestamp;
      windowEnd: Timestamp;
      n: number;
      least: bigint;
      sum: bigint;
    }
  >(true);
  const live = orders
    .window(sliding("1d", "1h"))
    .aggregate("day", (a) => ({ n: a.count() }), { emit: "onUpdate" });
  same<FactsOf<typeof live>, ["upsert", "windowStart", true]>(true);
  same<FactsOf<typeof live.late>, ["append", never, false]>(true);
  orders.window(tumbling("1d")).aggregate("each-day", (a) => ({ sum: a.use(total, "cents") }));
  const either = (by: Duration | undefined) =>
    orders
      .window(by === undefined ? tumbling("1h") : sliding("1h", by))
      .aggregate("either", (a) => ({ sum: a.use(joined, "cents") }));
  same<Row<ReturnType<typeof either>>["sum"], bigint>(true);
});

// Sessions: final ones append, others are taken back.
pipeline("sessions", (p) => {
  const orders = p.from("orders", source, clock);
  const visits = orders
    .keyBy("userId")
    .window(session("10m"))
    .aggregate("visits", (a) => ({ n: a.count(), sum: a.use(joined, "cents") }));
  same<FactsOf<typeof visits>, ["append", never, true]>(true);
  same<
    Row<typeof visits>,
    { userId: string; windowStart: Timestamp; windowEnd: Timestamp; n: number; sum: bigint }
  >(true);
  same<FactsOf<typeof visits.late>, ["append", never, false]>(true);
  visits.to("visits", parquet("visits"));
  const late = orders
    .keyBy("userId")
    .window(session("10m"))
    .aggregate("late", (a) => ({ n: a.count() }), { allowedLateness: "1h" });
  same<FactsOf<typeof late>, ["retract", "userId" | "windowStart", true]>(true);
  late.to("late", delta("late"));
  const busy = orders
    .window(session("1m"))
    .aggregate("busy", (a) => ({ n: a.count() }), { emit: "onUpdate" });
  same<FactsOf<typeof busy>, ["retract", "windowStart", true]>(true);
  const perDay = busy.window(tumbling("1d")).aggregate("per-day", (a) => ({ sum: a.sum("n") }));
  same<FactsOf<typeof perDay>, ["append", never, true]>(true);
  const either = orders
    .window(p === undefined ? session("1m") : tumbling("1h"))
    .aggregate("either", (a) => ({ n: a.count() }), { emit: "onUpdate" });
  same<FactsOf<typeof either>, ["retract" | "upsert", "windowStart", true]>(true);
});
const perVisit = <R extends { id: string }>(s: Events<R>) =>
  s
    .keyBy("id")
    .window(session("5m"))
    .aggregate("per-visit", (a) => ({ n: a.count() }));
export const genericVisits = (s: Events<Order>) => perVisit(s).filter(({ n }) => n > 1);
const perWindow = <R extends { id: string }>(s: Events<R>) =>
  s.window(sliding("1h", "5m")).aggregate("per-window", (a) => ({ n: a.count() }));
export const generic = (s: Events<Order>) => perWindow(s).filter(({ n }) => n > 1);

// Types of aggregates.
const Sale = t.row({
  shop: t.string(),
  price: t.decimal(18, 2),
  weight: t.float64().nullable(),
  pieces: t.int(),
  note: t.string().optional(),
  at: t.timestamp(),
});
declare const sales: TypedSource<t.infer<typeof Sale>>;
pipeline("aggregates", (p) => {
  const made = p
    .from("sales", sales, clock)
    .keyBy("shop")
    .window(tumbling("1d"))
    .aggregate("x", (a) => ({
      n: a.count(),
      price: a.sum("price"),
      weight: a.sum("weight"),
      mean: a.avg("price"),
      meanWeight: a.avg("weight"),
      least: a.min("note"),
      last: a.max("at"),
      most: a.max("pieces"),
    }));
  same<
    Row<typeof made>,
    {
      shop: string;
      windowStart: Timestamp;
      windowEnd: Timestamp;
      n: number;
      price: Decimal;
      weight: number | null;
      mean: number;
      meanWeight: number | null;
      least: string | null;
      last: Timestamp;
      most: number;
    }
  >(true);
});

// Steps without state.
pipeline("steps", (p) => {
  const events = p.from("sales", sales, clock);
  const noted = events.notNull("note", "weight");
  same<Row<typeof noted>["note"], string>(true);
  same<Row<typeof noted>["weight"], number>(true);
  const words = noted.flatMap({ word: t.string(), at: t.timestamp() }, (s) =>
    s.note.split(" ").map((word) => ({ word, at: s.at })),
  );
  same<Row<typeof words>, { word: string; at: Timestamp }>(true);
  words.flatMap({ word: t.string() }, function* ({ word }) {
    yield { word };
  });
  const mapped = events.map(
    { shop: t.string(), nick: t.string().optional(), at: t.timestamp(), price: t.decimal(18, 2) },
    (s) => ({ shop: s.shop, at: new Date(s.at), price: 12n }),
    { id: "named" },
  );
  same<Row<typeof mapped>, { shop: string; nick: string | null; at: Timestamp; price: Decimal }>(true);
  events
    .map(Sale, (s) => s)
    .union(events)
    .tap((s) => void s.shop)
    .to("all", parquet("x"));
  events.map({ ...Sale.columns, more: t.int64() }, (s) => ({ ...s, more: 1n }));
  const latest = mapped
    .keyBy("shop")
    .window(tumbling("1h"))
    .aggregate("a", (a) => ({ n: a.count() }), { emit: "onUpdate" });
  const slim = latest.map({ shop: t.string(), windowStart: t.timestamp() }, (r) => r);
  same<FactsOf<typeof slim>, ["upsert", "shop" | "windowStart", true]>(true);
});

// Expressions.
pipeline("expressions", (p) => {
  const priced = p.from("orders", source, clock).select((col) => ({
    ...col.all,
    gross: col("cents").mul(119).div(100n),
    share: col("cents").cast(t.float64()),
    hour: col("at").truncate("hour"),
    big: col("cents").gt(10_000n),
    currency: col("userId").substring(0, 3).upper(),
    channel: lit("web"),
  }));
  same<
    Row<typeof priced>,
    {
      id: string;
      userId: string;
      cents: bigint;
      at: Timestamp;
      gross: bigint;
      share: number;
      hour: Timestamp;
      big: boolean;
      currency: string;
      channel: string;
    }
  >(true);
  const nulls = p.from("sales", sales, clock).select((col) => ({
    half: col("weight").div(2),
    note: col("note").orElse("none"),
    both: col("note").concat(col("shop")),
    size: col("note").length(),
    known: col("note").isNull().not(),
    twice: col("price").add(col("price")),
  }));
  same<
    Row<typeof nulls>,
    {
      half: number | null;
      note: string;
      both: string | null;
      size: number | null;
      known: boolean;
      twice: Decimal;
    }
  >(true);
});

// Joins: the side that may be missing can be null.
pipeline("joins", (p) => {
  const orders = p.from("orders", source, clock);
  const hours = orders
    .keyBy("userId")
    .window(tumbling("1h"))
    .aggregate("hours", (a) => ({ n: a.count() }));
  const inner = orders.joinWindow("inner", hours, {
    on: { userId: "userId" },
    window: tumbling("1h"),
    select: (order, hour, window) => ({
      id: order("id"),
      n: hour("n").add(1),
      start: window("windowStart"),
      took: window("windowEnd").since(order("at")),
    }),
    allowedLateness: "5m",
  });
  same<Row<typeof inner>, { id: string; n: number; start: Timestamp; took: number }>(true);
  same<FactsOf<typeof inner>, ["append", never, true]>(true);
  same<
    Row<typeof inner.lateLeft>,
    Order & { lateBy: number } extends infer R ? { [P in keyof R]: R[P] } : never
  >(true);
  same<FactsOf<typeof inner.lateRight>, ["append", never, false]>(true);
  const full = orders.joinWindow("full", hours, {
    on: { userId: "userId", at: "windowEnd" },
    window: sliding("1h", "5m"),
    type: "full",
    select: (order, hour) => ({ ...order.all, n: hour("n"), m: hour("n").orElse(0) }),
  });
  same<
    Row<typeof full>,
    {
      id: string | null;
      userId: string | null;
      cents: bigint | null;
      at: Timestamp | null;
      n: number | null;
      m: number;
    }
  >(true);
  const left = orders.joinWindow("left", orders, {
    on: { id: "userId" },
    window: tumbling("1h"),
    type: "left",
    select: (a, b) => ({ a: a("cents"), b: b("cents") }),
  });
  same<Row<typeof left>, { a: bigint; b: bigint | null }>(true);
  left.to("left", parquet("./lake/left"));
});

// Functions over streams: generic in the row, in the facts, or in neither.
const clean = <R extends { id: string }, C extends ChangeMode, K extends string, E extends boolean>(
  s: Stream<R, C, K, E>,
): Stream<R, C, K, E> => s.filter((r) => r.id !== "").tap((r) => void r.id);
const once = <R extends { id: string }>(s: Events<R>): Events<R> =>
  s.dedupe("once", { by: "id", within: "1d", keep: "any" });
const hourly = (s: Events<{ userId: string; cents: bigint }>) =>
  s
    .keyBy("userId")
    .window(tumbling("1h"))
    .aggregate("hourly", (a) => ({ cents: a.sum("cents") }));
const publish = (s: AnyStream<{ userId: string }>, name: string): void => s.to(name, delta(`./lake/${name}`));
const twice = <R, C extends ChangeMode, K extends string>(s: Stream<R, C, K, true>) => s.union(s);
const regional = (p: Pipeline, region: string) => p.scope(region, (q) => q.from("orders", source, clock));
const late = (s: Events<Order>, by: Duration, emit: Emit) =>
  s
    .keyBy("userId")
    .window(tumbling("1h"))
    .aggregate("x", (a) => ({ n: a.count() }), { allowedLateness: by, emit });
const look = (s: Stream<{ id: string }>): void => s.to("look", parquet("x"));
const table = (s: Table<{ userId: string; n: number }, "userId" | "windowStart">) => s.changelog("c");
declare const package_: TypedOperator<{ id: string }, "append", { id: string; seen: number }, "upsert", "id">;

export const reuse = pipeline(
  "reuse",
  {
    params: t.row({ region: t.enum("eu", "us"), min: t.int64() }),
    defaults: { min: 0n },
    secrets: ["salt", "token"],
    require: "identical",
    checkpointEvery: "1s",
    rejected: parquet("rejected"),
  },
  (p, { region, min, salt, token }) => {
    same<typeof region, "eu" | "us">(true);
    same<typeof token, Secret>(true);
    same<ReturnType<typeof salt.reveal>, string>(true);
    const orders = regional(p, region)
      .pipe(clean)
      .pipe(once)
      .filter((o) => o.cents >= min);
    same<Row<typeof orders>, Order>(true);
    publish(hourly(orders), "hourly");
    publish(orders, "orders");
    const unsure = late(orders, "5m", "final");
    same<FactsOf<typeof unsure>, ["upsert", "userId" | "windowStart", true]>(true);
    table(unsure).to("t", delta("t"));
    twice(orders).to("both", parquet("both"));
    look(p.from("a", source));
    look(p.from("b", source, clock));
    const seen = orders.via("seen", package_);
    same<FactsOf<typeof seen>, ["upsert", "id", true]>(true);
  },
);
export const hidden = pipeline("hidden", { secrets: ["salt"] }, (p, { salt }) =>
  p.scope(salt.reference, () => {}),
);
export const config = defineConfig({
  stateDir: "./state",
  params: { region: "eu", min: 5n, at: new Date(), tags: ["a"], salt: secret("env:SALT") },
  profiles: { prod: { parallelism: 4, drain: true, params: { salt: secret("file:/run/salt") } } },
});
