/** Joins that must not compile; as refused.ts. */
import { lit, pipeline, session, t, tumbling } from "dataflow";
import type { ChangeMode, TypedSink, TypedSource } from "dataflow";

const Order = t.row({
  id: t.string(),
  userId: t.string(),
  cents: t.int64(),
  qty: t.int(),
  at: t.timestamp(),
});
declare const orders: TypedSource<t.infer<typeof Order>>;
declare const delta: TypedSink<unknown, ChangeMode>;

pipeline("refused", (p) => {
  const untimed = p.from("untimed", orders);
  const s = p.from("orders", orders, { eventTime: "at", maxOutOfOrderness: "30s" });
  const hour = s.keyBy("userId").window(tumbling("1h"));
  const fin = hour.aggregate("fin", (a) => ({ n: a.count(), c: a.sum("cents") }));
  const upd = hour.aggregate("upd", (a) => ({ n: a.count(), c: a.sum("cents") }), { allowedLateness: "10m" });
  const back = upd.changelog("back");

  const inMinutes = { window: tumbling("1m"), select: () => ({ one: lit(1) }) };
  // @ts-expect-error DF_NO_EVENT_TIME
  untimed.joinWindow("j", s, { on: { id: "id" }, ...inMinutes });
  // @ts-expect-error DF_JOIN_SIDE
  s.joinWindow("j", untimed, { on: { id: "id" }, ...inMinutes });
  // @ts-expect-error DF_NOT_APPEND
  upd.joinWindow("j", s, { on: { userId: "userId" }, ...inMinutes });
  // @ts-expect-error DF_JOIN_SIDE
  s.joinWindow("j", upd, { on: { userId: "userId" }, ...inMinutes });
  // @ts-expect-error DF_JOIN_SIDE
  s.joinWindow("j", back, { on: { userId: "userId" }, ...inMinutes });
  // @ts-expect-error DF_JOIN_ON
  s.joinWindow("j", fin, { on: {}, ...inMinutes });
  // @ts-expect-error 'nothing' does not exist
  s.joinWindow("j", fin, { on: { nothing: "userId" }, ...inMinutes });
  // @ts-expect-error column \"nothing\" [DF_NO_COLUMN]
  s.joinWindow("j", fin, { on: { userId: "userId", nothing: "userId" }, ...inMinutes });
  // @ts-expect-error '"nothing"' is not assignable
  s.joinWindow("j", fin, { on: { userId: "nothing" }, ...inMinutes });
  // @ts-expect-error '"c"' is not assignable to type '"userId"'
  s.joinWindow("j", fin, { on: { userId: "c" }, ...inMinutes });
  // @ts-expect-error 'on' is missing
  s.joinWindow("j", fin, inMinutes);
  // @ts-expect-error '"outer"' is not assignable
  s.joinWindow("j", fin, { on: { userId: "userId" }, type: "outer", ...inMinutes });
  // @ts-expect-error 'emit' does not exist
  s.joinWindow("j", fin, { on: { userId: "userId" }, emit: "onUpdate", ...inMinutes });
  const joins = { on: { userId: "userId" }, window: tumbling("1m") } as const;
  // @ts-expect-error 'Session' is not assignable to type 'Sliding | Tumbling'
  s.joinWindow("j", fin, { on: { userId: "userId" }, select: (l) => l.all, window: session("1m") });
  // @ts-expect-error '"n"' is not assignable
  s.joinWindow("j", fin, { ...joins, select: (l) => ({ n: l("n") }) });
  // @ts-expect-error '"windowMiddle"' is not assignable
  s.joinWindow("j", fin, { ...joins, select: (_, __, w) => ({ n: w("windowMiddle") }) });
  const outer = s.joinWindow("j", fin, { ...joins, type: "left", select: (_, r) => ({ n: r("n") }) });
  // @ts-expect-error possibly 'null'
  outer.filter((r) => r.n > 1);
  // @ts-expect-error possibly 'null'
  s.joinWindow("j", fin, { ...joins, type: "full", select: (l) => ({ q: l("qty") }) }).filter((r) => r.q > 1);
  // @ts-expect-error 'late' does not exist
  s.joinWindow("j", fin, { ...joins, select: (l) => ({ q: l("qty") }) }).late.to("x", delta);
  // @ts-expect-error DF_NO_EVENT_TIME
  s.joinWindow("j", fin, { ...joins, select: (l) => ({ q: l("qty") }) }).lateLeft.window(tumbling("1m"));
});
