import { expect, test } from "vitest";
import { ints, operator, planOf, reads, sink, source } from "../plan/plan-fixtures.ts";
import type { Time } from "../time.ts";
import { Checkpointer } from "./checkpointer.ts";
import { HeldAhead } from "./held-ahead.ts";
import type { EpochPart } from "./shard-messages.ts";

const NOTHING = { chunks: [], held: [], ledger: [], splits: [], marks: [] };

test("the clock of each node stands once in the record, that of a source with what it lets the steps know", () => {
  const log = source("log", ints("a", "at"));
  const step = operator("step", reads("a"), [log]);
  const plan = planOf(log, step, sink("out", step));
  const state = (clock: Time) => ({ clock, status: "live" }) as const;
  const parts: EpochPart[] = [3, 5].map((clock) => ({
    ...NOTHING,
    clocks: [
      { node: "log", state: state(clock) },
      { node: "step", state: state(clock) },
      { node: "out", state: state(Number.NEGATIVE_INFINITY) },
    ],
  }));
  const rows = { untakenBytes: () => 0, takeFrames: () => [] };
  const held = new HeldAhead(rows, { hold: () => Promise.resolve() }, { failed: () => {} });
  const whole = { epoch: 1, drained: false, fingerprint: "plan", sinks: [], waiting: [] };
  const { record } = new Checkpointer(plan, held, undefined).checkpoint(parts, whole);
  expect(record.clocks).toEqual({ step: 3, out: null });
  expect(record.sources).toEqual({ log: { clock: 3, status: "live" } });
});
