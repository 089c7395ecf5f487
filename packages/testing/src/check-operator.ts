/**
 * Runs an operator over random logs in every way the engine may run it, and compares each run with an oracle that knows
 * nothing of batches, clocks, shards and crashes. The idea is TestSupport of Hazelcast Jet.
 */
import fc from "fast-check";
import { BEGINNING, type Label, type OperatorSpec, type Outcome, type Time } from "@df/core";
import { assertSame, type Change, type Expected } from "./change.ts";
import { failure } from "./failure.ts";
import type { HarnessOptions } from "./harness.ts";
import { encodeLog, type EncodedLog, type Entry, type InputLog, type TestInput } from "./log.ts";
import { pruned } from "./prune.ts";
import { Random } from "./random.ts";
import { Run, type Mode } from "./schedule.ts";

/** What the oracle is told. */
export interface OracleInput {
  /** The rows of each input, split after split, each in log order. */
  readonly inputs: readonly (readonly Entry[])[];
  /** The operator's clock at the end of the logs: the highest of all splits; +∞ if drained. */
  readonly clock: Time;
  /** Whether the end of input was declared. */
  readonly drained: boolean;
  /** All rows in the order in which this run gave them; only for the label `arrival`, else empty. */
  readonly arrival: readonly Entry[];
}

/** What must come out. */
export interface OracleOutput {
  /** One list per output port. */
  readonly ports: readonly (readonly Expected[])[];
  /** Rows per outcome, of those that are named. */
  readonly counts?: Partial<Readonly<Record<Outcome, number>>> | undefined;
}

/** An operator, random input, and what must come out. */
export interface OperatorCase {
  readonly operator: OperatorSpec;
  readonly inputs: readonly TestInput[];
  /** One log per input, see `logArbitrary`. */
  readonly logs: fc.Arbitrary<readonly InputLog[]>;
  readonly oracle: (input: OracleInput) => OracleOutput;
  /** How outputs are compared. Default: the operator's own label. */
  readonly label?: Label | undefined;
  /** Whether each key's changes come in the oracle's order. Default: on upserts, if the label is `identical`. */
  readonly keyOrder?: boolean | undefined;
  /** How the input ends. Default both ways. */
  readonly ends?: readonly ("open" | "drained")[] | undefined;
  /** Rows may come in any order at all, also those of one split. Default false. */
  readonly anyOrder?: boolean | undefined;
  readonly outputAheadOfClock?: boolean | undefined;
  /** Default [1, 2, 7]. */
  readonly shards?: readonly number[] | undefined;
  /** Random logs. Default 25; each one runs in all modes. */
  readonly runs?: number | undefined;
  /** Replays a failure. */
  readonly seed?: number | undefined;
}

const PLAIN: Omit<Mode, "name"> = {
  batches: "random",
  shards: 1,
  full: false,
  barriers: "none",
  restore: "never",
  rewrite: false,
  generate: true,
  spills: false,
  pruned: false,
};

/** Every way to run an operator. */
export function modes(shards: readonly number[]): Mode[] {
  const one = shards[0] ?? 1;
  const named: Record<string, Partial<Mode>> = {
    "one row at a time": { batches: "one row" },
    "one row at a time, interpreted": { batches: "one row", generate: false, full: true },
    "all rows at once": { batches: "all rows" },
    "all rows at once, interpreted": { batches: "all rows", generate: false },
    "random batches": {},
    "full after each batch, with barriers": { full: true, barriers: "each" },
    "all rows at once, full after each batch": { batches: "all rows", full: true, barriers: "each" },
    "restore after each step": { barriers: "each", restore: "each" },
    "restore after each row, interpreted": {
      batches: "one row",
      barriers: "each",
      restore: "each",
      generate: false,
    },
    "restore from full snapshots": { barriers: "each", restore: "each", rewrite: true },
    "state in a scratch file, full after each batch": { spills: true, full: true, batches: "all rows" },
    "state in a scratch file, crashes": { spills: true, barriers: "each", restore: "crash" },
    crashes: { barriers: "each", restore: "crash" },
    "without columns that nobody reads": { pruned: true },
  };
  const list = Object.entries(named).map(([name, mode]) => ({ ...PLAIN, shards: one, ...mode, name }));
  for (const count of shards.slice(1)) {
    list.push({ ...PLAIN, name: `${count} shards`, shards: count });
    list.push({
      ...PLAIN,
      name: `${count} shards, crashes`,
      shards: count,
      barriers: "each",
      restore: "crash",
    });
  }
  return list;
}

/**
 * Checks an operator; the error names the mode that failed, and fast-check adds seed and logs.
 * @throws Error when the operator breaks its contract or differs from the oracle in any mode
 */
export function checkOperator(test: OperatorCase): void {
  const ends = test.ends ?? ["open", "drained"];
  // Without some of its columns a row may equal the one before: how often a convergent operator emits then changes.
  const all = modes(test.shards ?? [1, 2, 7]).filter(
    (mode) => !mode.pruned || test.operator.label !== "convergent",
  );
  let runs = all.flatMap((mode, index) => ends.map((end) => ({ mode, index, end })));
  const property = fc.property(test.logs, fc.integer(), (logs, seed) => {
    for (const each of runs) {
      const { mode, index, end } = each;
      try {
        checkRun(test, logs, mode, end === "drained", new Random(seed + index));
      } catch (thrown) {
        // The logs shrink for this one: with all modes that would take minutes.
        runs = [each];
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        throw new Error(`[${test.operator.name}: ${mode.name}, ${end}] ${reason}`, { cause: thrown });
      }
    }
  });
  fc.assert(property, {
    numRuns: test.runs ?? 25,
    includeErrorInReport: true,
    ...(test.seed === undefined ? {} : { seed: test.seed }),
  });
}

function checkRun(
  test: OperatorCase,
  logs: readonly InputLog[],
  mode: Mode,
  drain: boolean,
  random: Random,
): void {
  const { operator } = test;
  const encoded = test.inputs.map((input, port) => encodeLog(input, logs[port] ?? [], port));
  const left = mode.pruned ? pruned(operator, test.inputs, logs, random) : { inputs: test.inputs, logs };
  const given = left.inputs.map((input, port) => encodeLog(input, left.logs[port] ?? [], port));
  const harness: HarnessOptions = { outputAheadOfClock: test.outputAheadOfClock };
  const anyOrder = test.anyOrder ?? false;
  const run = new Run({ operator, inputs: left.inputs, logs: given, mode, drain, anyOrder, harness }, random);
  run.finish();
  const label = test.label ?? operator.label;
  const expected = test.oracle({
    inputs: encoded.map((log) => log.entries),
    clock: drain ? Number.POSITIVE_INFINITY : Math.max(BEGINNING, run.clock()),
    drained: drain,
    arrival: label === "arrival" ? inFull(run.arrival, given, encoded) : [],
  });
  for (const [port, shape] of (run.shards[0]?.outputs ?? []).entries()) {
    const actual: Change[] = run.shards.flatMap((shard) => shard.output(port));
    const keyOrder = test.keyOrder ?? (shape.change === "upsert" && label === "identical");
    try {
      assertSame(actual, expected.ports[port] ?? [], shape, { label, keyOrder });
    } catch (thrown) {
      throw new Error(`port ${port}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
        cause: thrown,
      });
    }
  }
  for (const [outcome, rows] of Object.entries(expected.counts ?? {})) {
    const counted = run.shards.reduce((sum, shard) => sum + shard.count(outcome as Outcome), 0);
    if (counted !== rows) failure(`${counted} rows counted as ${outcome}; the oracle says ${rows}`);
  }
}

/** The same rows with all of their columns. */
function inFull(
  arrival: readonly Entry[],
  given: readonly EncodedLog[],
  encoded: readonly EncodedLog[],
): readonly Entry[] {
  const full = new Map<Entry, Entry>();
  for (const [port, { entries }] of given.entries()) {
    for (const [row, entry] of entries.entries()) full.set(entry, encoded[port]?.entries[row] ?? entry);
  }
  return arrival.map((entry) => full.get(entry) ?? entry);
}

/** How `logArbitrary` spreads rows over splits. */
export interface LogOptions {
  /** Default 3. */
  readonly splits?: number | undefined;
  /** Rows in all. Default 24. */
  readonly rowsMax?: number | undefined;
  /** Rows of which this text is equal go to the same split: state the key on upsert and retract streams. */
  readonly splitBy?: ((row: Readonly<Record<string, unknown>>) => string) | undefined;
  /** Sorts each split by this number: a time with some disorder added gives logs as real ones are. */
  readonly order?: ((row: Readonly<Record<string, unknown>>) => number) | undefined;
  /** Diffs; default always 1. */
  readonly diff?: fc.Arbitrary<number> | undefined;
}

/** Random logs of one input, from an arbitrary of its rows. */
export function logArbitrary<R extends object>(
  row: fc.Arbitrary<R>,
  options: LogOptions = {},
): fc.Arbitrary<InputLog> {
  const splits = options.splits ?? 3;
  const line = fc.record({
    row: row as fc.Arbitrary<R & Readonly<Record<string, unknown>>>,
    diff: options.diff ?? fc.constant(1),
    split: fc.nat(splits - 1),
  });
  return fc.array(line, { maxLength: options.rowsMax ?? 24, size: "max" }).map((lines) => {
    const log: { row: R & Readonly<Record<string, unknown>>; diff: number }[][] = Array.from(
      { length: splits },
      () => [],
    );
    for (const { row: plain, diff, split } of lines) {
      const at = options.splitBy === undefined ? split : textSum(options.splitBy(plain)) % splits;
      log[at]?.push({ row: plain, diff });
    }
    const { order } = options;
    if (order === undefined) return log;
    return log.map((rows) => rows.toSorted((a, b) => order(a.row) - order(b.row)));
  });
}

/** Random logs of an operator's only input, with these diffs; rows with one `key` lie in one split. */
export function keyedLogs(
  row: fc.Arbitrary<object>,
  key: string,
  diffs: readonly number[],
): fc.Arbitrary<readonly InputLog[]> {
  return logArbitrary(row, {
    splitBy: (plain) => String(plain[key]),
    diff: fc.constantFrom(...diffs),
  }).map((log) => [log]);
}

function textSum(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) >>> 0;
  return sum;
}
