import { expect, test } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { batchOf } from "../batch/rows.ts";
import { DataflowError } from "../error.ts";
import type { Operator, Output } from "../operator.ts";
import type { Schema } from "../schema/schema.ts";
import { BEGINNING } from "../time.ts";
import type { StreamEvent, Target } from "./event.ts";
import { NodeLedger } from "./node-ledger.ts";
import { Channel, NodeRunner } from "./node-runner.ts";

const schema: Schema = { fields: [{ name: "n", type: { kind: "int32" }, nullable: false, optional: false }] };
const batch = (...values: number[]): StreamEvent => ({
  kind: "batch",
  batch: batchOf(
    schema,
    values.map((n) => ({ n })),
  ),
});
const rows = ({ columns, length }: Batch): number[] => {
  const [column] = columns;
  return column?.layout === "int" ? [...column.values.subarray(0, length)] : [];
};

/** Writes down what it receives; full while `closed`. */
class Recorder implements Target {
  readonly seen: string[] = [];
  closed = false;

  push(event: StreamEvent): "ok" | "full" {
    if (event.kind === "batch") this.seen.push(`rows ${rows(event.batch).join(" ")}`);
    else if (event.kind === "clock") this.seen.push(this.#clock(event));
    else this.seen.push(event.kind === "barrier" ? `barrier ${event.epoch}` : "end");
    return this.full() ? "full" : "ok";
  }

  full(): boolean {
    return this.closed;
  }

  #clock({ clock, status }: StreamEvent & { readonly kind: "clock" }): string {
    return status === "live" ? `clock ${clock}` : `clock ${clock} ${status}`;
  }
}

function runnerOf(
  operator: Operator,
  barriers: number[] = [],
  {
    holdsRows = (): boolean => false,
    isOver = (): boolean => false,
    steps = [],
  }: { holdsRows?: () => boolean; isOver?: () => boolean; steps?: Iterable<unknown, void> } = {},
): { runner: NodeRunner; out: Recorder } {
  const runner = new NodeRunner({
    node: "n",
    shard: 0,
    operator,
    outputs: 1,
    ledger: new NodeLedger(),
    clock: BEGINNING,
    epoch: 0,
    holdsRows,
    onBarrier: (_, epoch) => {
      barriers.push(epoch);
      return steps[Symbol.iterator]();
    },
    isOver,
  });
  const out = new Recorder();
  runner.targets[0]?.push(out);
  return { runner, out };
}

function channels(runner: NodeRunner, count: number, direct = true): Channel[] {
  const made = Array.from({ length: count }, (_, port) => new Channel(runner, port, direct));
  runner.channels.push(...made);
  return made;
}

const forward: Operator = { onBatch: (given, _, out) => (out(given), "done") };

test("rows behind a barrier wait until the other inputs have brought it too", () => {
  const barriers: number[] = [];
  const { runner, out } = runnerOf(forward, barriers);
  const [a, b] = channels(runner, 2);
  a?.push(batch(1));
  a?.push({ kind: "barrier", epoch: 1 });
  expect(a?.push(batch(2))).toBe("full");
  b?.push(batch(3));
  expect(barriers).toEqual([]);
  b?.push({ kind: "barrier", epoch: 1 });
  runner.pump();
  expect(barriers).toEqual([1]);
  expect(out.seen).toEqual(["rows 1", "rows 3", "barrier 1", "rows 2"]);
});

test("an operator that could not write all of its output is resumed before anything else happens", () => {
  let left = 0;
  const one = (out: Output): "done" | "more" => {
    while (left > 0) {
      left--;
      if (out(batchOf(schema, [{ n: left }])) === "full" && left > 0) return "more";
    }
    return "done";
  };
  const { runner, out } = runnerOf({
    onBatch: (given, _, to) => {
      left = rows(given)[0] ?? 0;
      return one(to);
    },
    resume: one,
  });
  const [input] = channels(runner, 1);
  out.closed = true;
  runner.targets[0]?.splice(0, 1, { push: (event) => out.push(event), full: () => false });
  // The target takes each event and says "full": the runner may go on as soon as it is free again.
  input?.push(batch(3));
  input?.push({ kind: "barrier", epoch: 1 });
  runner.pump();
  expect(out.seen).toEqual(["rows 2", "rows 1", "rows 0", "barrier 1"]);
});

test("nothing is taken while the receiver is full, and a barrier waits with it", () => {
  const { runner, out } = runnerOf(forward);
  const [input] = channels(runner, 1, false);
  input?.push(batch(1));
  input?.push({ kind: "barrier", epoch: 1 });
  out.closed = true;
  expect(runner.pump()).toBe(false);
  expect(out.seen).toEqual([]);
  out.closed = false;
  expect(runner.pump()).toBe(true);
  expect(out.seen).toEqual(["rows 1", "barrier 1"]);
});

test("the clock handed on is the one the operator holds it back to, once per change", () => {
  const given: number[] = [];
  const { runner, out } = runnerOf({
    ...forward,
    onClock: (clock) => (given.push(clock), "done"),
    clockOut: (clock) => clock - 5,
  });
  const [a, b] = channels(runner, 2);
  a?.push({ kind: "clock", clock: 20, status: "live" });
  b?.push({ kind: "clock", clock: 10, status: "live" });
  b?.push({ kind: "clock", clock: 10, status: "live" });
  b?.push({ kind: "clock", clock: 15, status: "ended" });
  expect(given).toEqual([10, 20]);
  expect(out.seen).toEqual(["clock 5", "clock 15"]);
  // It may still make rows behind the clock it hands on, so "ended" is not said.
});

test("receivers wait for a node whose inputs have ended while rows may come from its state", () => {
  let rowsHeld = 1;
  const { runner, out } = runnerOf({ ...forward, clockOut: (clock) => clock }, [], {
    holdsRows: () => rowsHeld > 0,
  });
  const [input] = channels(runner, 1);
  input?.push({ kind: "clock", clock: 10, status: "ended" });
  expect(out.seen).toEqual(["clock 10"]);
  rowsHeld = 0;
  input?.push({ kind: "clock", clock: 20, status: "ended" });
  expect(out.seen).toEqual(["clock 10", "clock 20 ended"]);
});

test("what a barrier has to hand on and to take is cut into turns, and what follows waits for the last of them", () => {
  const left = [3, 2, 1];
  const hand = (to: Output): "done" | "more" => {
    for (let n = left.shift(); n !== undefined; n = left.shift()) {
      if (to(batchOf(schema, [{ n }])) === "full") return "more";
    }
    return "done";
  };
  const { runner, out } = runnerOf({ ...forward, flush: hand, resume: hand }, [], {
    isOver: () => true,
    steps: [1, 2, 3],
  });
  const [input] = channels(runner, 1);
  input?.push({ kind: "barrier", epoch: 1 });
  expect(input?.push(batch(9))).toBe("full");
  const turns = [out.seen.splice(0)];
  while (runner.pump()) turns.push(out.seen.splice(0));
  expect(turns).toEqual([["rows 3"], ["rows 2"], ["rows 1"], [], [], [], ["barrier 1"], ["rows 9"]]);
});

test("what fails in a later turn of a barrier is told with its node, as in the first one", () => {
  const failing = function* (): Generator<void, void> {
    yield;
    throw new DataflowError("DF_TEST", "The disk is full.");
  };
  const { runner } = runnerOf(forward, [], { isOver: () => true, steps: failing() });
  channels(runner, 1)[0]?.push({ kind: "barrier", epoch: 1 });
  expect(() => runner.pump()).toThrow('Node "n": The disk is full. [DF_TEST]');
});

test("a node is asked for room once, however many ways lead to it", () => {
  const { runner: last, out } = runnerOf(forward);
  let asked = 0;
  const full = out.full.bind(out);
  out.full = () => (asked++, full());
  let first = last;
  for (let diamonds = 0; diamonds < 20; diamonds++) {
    const before = runnerOf(forward).runner;
    before.targets[0] = channels(first, 2);
    first = before;
  }
  expect(first.free()).toBe(true);
  expect(asked).toBe(1);
  out.closed = true;
  expect(first.free()).toBe(false);
});
