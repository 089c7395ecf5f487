import { fingerprint } from "@df/core/plan/fingerprint";
import { prune } from "@df/core/plan/prune";
import { difference } from "@df/core/plan/restart";
import { validate } from "@df/core/plan/validate";
import type { Plan } from "@df/core";
import { expect, test } from "vitest";
import { consoleSink } from "./console.ts";
import { delta } from "./delta.ts";
import { files } from "./files.ts";
import { generator } from "./generator.ts";
import { pipeline, t, tumbling } from "./index.ts";
import type { PipelineDefinition } from "./index.ts";
import { json } from "./json.ts";
import { memorySink, memorySource } from "./memory.ts";
import { parquet } from "./parquet.ts";

const Order = t.row({
  id: t.string(),
  userId: t.string(),
  cents: t.int64(),
  note: t.string().optional(),
  at: t.timestamp(),
});
const flagship = (cents: bigint, withLate: boolean): PipelineDefinition =>
  pipeline("orders", (p) => {
    const perUser = p
      .from("orders", files({ path: "./input/*.jsonl", decode: json(Order) }), {
        eventTime: "at",
        maxOutOfOrderness: "30s",
        onInvalid: parquet({ path: "./lake/quarantine" }),
      })
      .filter((o) => o.cents > cents)
      .dedupe("by-id", { by: "id", within: "24h", keep: "any" })
      .keyBy("userId")
      .window(tumbling("1h"))
      .aggregate("per-user-hour", (a) => ({ orders: a.count(), cents: a.sum("cents") }), {
        allowedLateness: "10m",
      });
    perUser.to("gold", delta({ path: "./lake/gold/user_hour" }));
    if (withLate) perUser.late.to("late", parquet({ path: "./lake/late_orders" }));
  });
const decoded = (plan: Plan): string[] =>
  plan.nodes.flatMap((node) =>
    node.kind === "source" ? (node.outputs[0]?.schema.fields ?? []).map((field) => field.name) : [],
  );

test("Files, JSON, Delta and Parquet make a pipeline whose source decodes what is read", () => {
  const plan = prune(flagship(0n, false).build());
  validate(plan);
  expect(decoded(plan)).toEqual(["id", "userId", "cents", "at"]);
  expect(decoded(prune(flagship(0n, true).build()))).toEqual(["id", "userId", "cents", "note", "at"]);
});

test("Another lambda leaves the fingerprint as it is, another window size is told in words", () => {
  const one = fingerprint(prune(flagship(0n, false).build()));
  expect(fingerprint(prune(flagship(5n, false).build()))).toBe(one);
  const minutes = pipeline("orders", (p) => {
    p.from("orders", files({ path: "./input/*.jsonl", decode: json(Order) }), {
      eventTime: "at",
      maxOutOfOrderness: "30s",
    })
      .dedupe("by-id", { by: "id", within: "24h", keep: "any" })
      .keyBy("userId")
      .window(tumbling("1m"))
      .aggregate("per-user-hour", (a) => ({ orders: a.count(), cents: a.sum("cents") }), {
        allowedLateness: "10m",
      })
      .to("gold", delta({ path: "./lake/gold/user_hour" }));
  });
  const told = difference(one, fingerprint(prune(minutes.build()))).join("\n");
  expect(told).toContain('step "per-user-hour" changed from');
  expect(told).toContain("from 1h to 1m");
});

test("Sources and sinks of this process fit their streams", () => {
  const Tick = t.row({ n: t.int(), at: t.timestamp() });
  const plan = pipeline("ticks", (p) => {
    const made = p.from("made", generator({ row: Tick, rows: 3, make: (n) => ({ n, at: n * 1_000 }) }));
    made.union(p.from("held", memorySource([{ n: 1, at: 0 }], Tick))).to("memory", memorySink("ticks"));
    made.to("console", consoleSink());
  }).build();
  expect(plan.nodes.map(({ id }) => id)).toEqual(["made", "held", "made.union", "memory", "console"]);
});
