/** What code is told of a pipeline must have the types of its rows. The compiler runs this file; nothing else does. */
import { pipeline, t, tumbling } from "dataflow";
import type { PlainRow, Run, TypedSource } from "dataflow";
import { callback } from "dataflow/callback";
import { same } from "./same.ts";

const Order = t.row({ id: t.string(), userId: t.string(), at: t.timestamp() });
declare const source: TypedSource<t.infer<typeof Order>>;
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;

pipeline("from code", (p) => {
  const perUser = p
    .from("orders", source, clock)
    .keyBy("userId")
    .window(tumbling("1h"))
    .aggregate("per-user", (a) => ({ orders: a.count() }), { emit: "onUpdate" });
  perUser.to(
    "any",
    callback((changes) => same<(typeof changes)[number]["after"], PlainRow | null>(true)),
  );
  perUser.to(
    "some",
    callback<{ userId: string; orders: number }>(async (changes, { epoch, last }) => {
      for (const { op, before, after } of changes) {
        if (op === "delete") same<typeof before, Partial<{ userId: string; orders: number }>>(true);
        else same<typeof after, { userId: string; orders: number }>(true);
      }
      await Promise.resolve([epoch, last]);
    }),
  );
});

export async function reading(run: Run): Promise<void> {
  for await (const { op, after } of run.changes("some", t.row({ userId: t.string(), total: t.int64() }))) {
    if (op === "insert") same<typeof after, { userId: string; total: bigint }>(true);
  }
  for await (const { before } of run.changes("any"))
    same<typeof before, PlainRow | Partial<PlainRow> | null>(true);
}
