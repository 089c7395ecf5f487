import { expect, test } from "vitest";
import type { HeldBy, SplitStatus } from "../checkpoint/records.ts";
import type { Plan, PlanNode } from "../plan/plan.ts";
import type { InputClock } from "./input-clock.ts";
import { type RunningViews, type SourceView, type StepView, waitingOf } from "./waiting.ts";

const MS = 1000;
/** Nodes by id with their inputs: those without are sources, with a bound of 10 ms. */
function planOf(nodes: Readonly<Record<string, readonly string[]>>): Plan {
  return {
    nodes: Object.entries(nodes).map(([id, inputs]) =>
      inputs.length === 0
        ? { kind: "source", id, time: { column: "at", maxOutOfOrderness: 10 * MS } }
        : { kind: "operator", id, inputs: inputs.map((node) => ({ node, port: 0 })) },
    ) as unknown as readonly PlanNode[],
  } as Plan;
}

function source(
  node: string,
  splits: Readonly<Record<string, readonly [number, SplitStatus]>>,
  handed: number,
): SourceView {
  const statuses = Object.values(splits).map(([, status]) => status);
  const status = statuses.includes("live") ? "live" : statuses.includes("idle") ? "idle" : "ended";
  return {
    node,
    state: { clock: handed, status },
    splits: Object.entries(splits).map(([split, [clock, its]]) => ({
      split,
      status: its,
      clock,
      silentMicros: 0,
    })),
  };
}

function step(
  node: string,
  open: { readonly windows?: number; readonly due?: number; readonly rows?: number },
  state: InputClock,
  sent: InputClock = state,
): StepView {
  return {
    node,
    state,
    sent,
    gauges: { windows: open.windows ?? 0, groups: 7 },
    nextDue: open.due,
    entry: { buffered: open.rows ?? 0 },
  };
}

const live = (clock: number): InputClock => ({ clock, status: "live" });
const heldBy = (views: RunningViews, node: string): HeldBy | undefined =>
  waitingOf(views).find((waiting) => waiting.node === node)?.heldBy;

test("what is open is added up over shards, with the lowest clock and the first that is due", () => {
  const plan = planOf({ log: [], hours: ["log"] });
  const steps = [
    step("hours", { windows: 2, due: 99 }, live(50)),
    step("hours", { windows: 1, due: 59 }, live(40)),
  ];
  const sources = [source("log", { a: [50, "live"] }, 50)];
  expect(waitingOf({ plan, steps, sources })).toMatchObject([
    { node: "hours", windows: 3, sessions: 0, rows: 0, clock: 40, due: 59 },
  ]);
});

test("a step that holds nothing waits for nothing", () => {
  const plan = planOf({ log: [], hours: ["log"] });
  const steps = [step("hours", {}, live(50))];
  expect(waitingOf({ plan, steps, sources: [source("log", { a: [50, "live"] }, 50)] })).toEqual([]);
});

test("the slowest live split is named, with the row it needs: the end of the window and the bound", () => {
  const plan = planOf({ log: [], even: ["log"], hours: ["even"] });
  const steps = [
    step("even", {}, live(20 * MS)),
    step("hours", { windows: 1, due: 60 * MS - 1 }, live(20 * MS)),
  ];
  const splits = { a: [90 * MS, "live"], b: [20 * MS, "live"], c: [5 * MS, "idle"] } as const;
  expect(heldBy({ plan, steps, sources: [source("log", splits, 20 * MS)] }, "hours")).toMatchObject({
    kind: "split",
    source: "log",
    split: "b",
    clock: 20 * MS,
    behind: 70 * MS,
    needs: 70 * MS,
  });
});

test("a split without a row is behind by no number", () => {
  const plan = planOf({ log: [], hours: ["log"] });
  const steps = [step("hours", { windows: 1, due: 60 * MS }, live(Number.NEGATIVE_INFINITY))];
  const splits = { a: [90 * MS, "live"], b: [Number.NEGATIVE_INFINITY, "live"] } as const;
  const views = { plan, steps, sources: [source("log", splits, Number.NEGATIVE_INFINITY)] };
  expect(heldBy(views, "hours")).toMatchObject({ split: "b", clock: null, behind: null });
});

test("of several sources the one that is behind is followed", () => {
  const plan = planOf({ orders: [], payments: [], both: ["orders", "payments"] });
  const steps = [step("both", { windows: 1, due: 60 * MS }, live(10 * MS))];
  const sources = [
    source("orders", { o: [80 * MS, "live"] }, 80 * MS),
    source("payments", { p: [10 * MS, "live"] }, 10 * MS),
  ];
  expect(heldBy({ plan, steps, sources }, "both")).toMatchObject({
    source: "payments",
    split: "p",
    behind: 70 * MS,
  });
});

test("what steps in between hold back is part of what the row must reach", () => {
  const plan = planOf({ log: [], hours: ["log"], days: ["hours"] });
  const steps = [
    step("hours", {}, live(50 * MS), live(45 * MS)),
    step("days", { windows: 1, due: 100 * MS - 1 }, live(45 * MS)),
  ];
  const sources = [source("log", { a: [50 * MS, "live"] }, 50 * MS)];
  expect(heldBy({ plan, steps, sources }, "days")).toMatchObject({ split: "a", needs: 115 * MS });
});

test("a step that still holds rows after its input has ended is named itself", () => {
  const plan = planOf({ log: [], other: [], hours: ["log"], days: ["hours", "other"] });
  const steps = [
    step("hours", { windows: 1, due: 60 }, { clock: 50, status: "ended" }, live(50)),
    step("days", { windows: 1, due: 100 }, live(50)),
  ];
  const sources = [source("log", { a: [50, "ended"] }, 50), source("other", { b: [80, "ended"] }, 80)];
  expect(heldBy({ plan, steps, sources }, "days")).toEqual({ kind: "step", node: "hours" });
});

test("once all has ended the furthest split is what goes on, and with idle splits alone there is silence", () => {
  const plan = planOf({ log: [], hours: ["log"] });
  const ended = { a: [20 * MS, "ended"], b: [50 * MS, "ended"] } as const;
  const steps = [step("hours", { windows: 1, due: 60 * MS - 1 }, { clock: 50 * MS, status: "ended" })];
  expect(heldBy({ plan, steps, sources: [source("log", ended, 50 * MS)] }, "hours")).toMatchObject({
    kind: "end",
    split: "b",
    behind: 0,
    needs: 70 * MS,
  });
  const idle = { a: [20 * MS, "idle"], b: [50 * MS, "ended"] } as const;
  expect(heldBy({ plan, steps, sources: [source("log", idle, 20 * MS)] }, "hours")).toEqual({
    kind: "silence",
  });
});
