/**
 * Drives one operator on one shard, by hand in unit tests or by a schedule in `checkOperator`, and holds it to the
 * contract of operator.ts at every call: clocks, batches, fullness, ledger, restore.
 */
import {
  BEGINNING,
  clockAt,
  copyBatch,
  DataflowError,
  diffAt,
  shardOf,
  type Batch,
  type Chunk,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Outcome,
  type Output,
  type Progress,
  type Shape,
  type StateTable,
  type Time,
} from "@df/core";
import { rowsOf } from "@df/core/batch/rows";
import type { StateBudget } from "@df/core/state/state-budget";
import { MemoryStateStore } from "@df/core/state/store";
import { scramble } from "./arrays.ts";
import { checkAdjacent } from "./adjacent.ts";
import { changesOf, keyText, show, type Change } from "./change.ts";
import { failure } from "./failure.ts";
import { encodeRows, shapeOf, type LogRow, type PlainRow, type TestInput } from "./log.ts";
import { noMemory } from "./no-memory.ts";
import { assertWellFormed } from "./well-formed.ts";

/** How a harness treats its operator. */
export interface HarnessOptions {
  /** Default 0. */
  readonly shard?: number | undefined;
  /** Shards that share the state by key group; of a restored state each has its own groups only. Default 1. */
  readonly shards?: number | undefined;
  /** Default true. */
  readonly generate?: boolean | undefined;
  /** The output answers "full" to every batch. Default false. */
  readonly full?: boolean | undefined;
  /** State has no memory but for what a call works on: all rows go to a scratch file after each. Default false. */
  readonly spills?: boolean | undefined;
  /** Whether made rows of port 0 must come after the clock that was handed on. Default true. */
  readonly outputAheadOfClock?: boolean | undefined;
  /** State may come of another version of the step. Default false. */
  readonly migrates?: boolean | undefined;
  /** Refused rows end the test with DF_REJECTED, as without a place for them. Default false. */
  readonly stopOnReject?: boolean | undefined;
}

/** A row that the operator refused. */
export interface Rejected {
  readonly row: PlainRow;
  readonly reason: string;
}

/** A batch that was put out. */
interface Seen {
  readonly port: number;
  readonly changes: readonly Change[];
}

/** Rows that the logs of tests have at most. */
const BATCH_ROWS = 64;

/** More calls of `resume` than this without a row in between mean an endless loop. */
const IDLE_RESUMES_MAX = 1000;

/** An operator that is open, with all it has put out so far. Made by `openOperator`. */
export class OperatorHarness {
  /** Rows per outcome. */
  readonly counts: Map<Outcome, number> = new Map();
  /** Rows folded into some of their windows only. */
  latePartial = 0;
  /** Rows given so far. */
  rowsIn = 0;
  readonly rejected: Rejected[] = [];
  /** Shapes of the outputs. */
  readonly outputs: readonly Shape[];
  /** The last clock given. */
  clockIn: Time = BEGINNING;
  /** The clock handed on. */
  clockOut: Time = BEGINNING;
  readonly #spec: OperatorSpec;
  readonly #inputs: readonly TestInput[];
  readonly #options: HarnessOptions;
  readonly #shapes: readonly Shape[];
  readonly #operator: Operator;
  readonly #accepts: ((batch: Batch) => boolean) | undefined;
  readonly #budget: StateBudget | undefined;
  readonly #store: MemoryStateStore;
  readonly #tables: StateTable[] = [];
  readonly #changes: Change[][];
  readonly #lengths: number[][];
  readonly #sourceClocks: Map<string, Time> = new Map();
  /** What a checkpoint of this operator holds: chunks of all epochs that are not void. */
  #chunks: Chunk[] = [];
  #clockAtSnapshot: Time = BEGINNING;

  constructor(
    spec: OperatorSpec,
    inputs: readonly TestInput[],
    options: HarnessOptions = {},
    restored?: OperatorHarness,
  ) {
    this.#spec = spec;
    this.#inputs = inputs;
    this.#options = options;
    this.#shapes = inputs.map(shapeOf);
    this.outputs = spec.outputs(this.#shapes);
    this.#changes = this.outputs.map(() => []);
    this.#lengths = this.outputs.map(() => []);
    this.#budget = options.spills === true ? noMemory(BATCH_ROWS) : undefined;
    this.#store = new MemoryStateStore({ budget: this.#budget, migrates: options.migrates ?? false });
    if (restored !== undefined) this.#adopt(restored);
    this.#accepts = spec.accepts?.({ inputs: this.#shapes, generate: options.generate ?? true });
    this.#operator = spec.open(this.#context());
    this.#checkLedger("open");
  }

  /** Gives plain rows of one split, with the clocks a source would give them (or −∞ if the input is `made`). */
  push(rows: readonly PlainRow[], port = 0, split = "0"): void {
    this.pushLog(
      rows.map((row) => ({ row })),
      port,
      split,
    );
  }

  /** As `push`, with diffs. */
  pushLog(rows: readonly LogRow[], port = 0, split = "0"): void {
    const input = this.#inputs[port];
    if (input === undefined) return failure(`there is no input ${port}`);
    const batch = encodeRows(input, rows);
    if (input.made === true || input.time === undefined) return this.pushBatch(batch, port);
    const id = `${port}/${split}`;
    let highest = this.#sourceClocks.get(id) ?? BEGINNING;
    const clocks = batch.times.map((time) => {
      highest = Math.max(highest, time);
      return highest - (input.boundMicros ?? 0) - 1;
    });
    this.#sourceClocks.set(id, highest);
    this.pushBatch({ ...batch, clocks }, port);
  }

  /** Gives a batch; it is destroyed when the operator is done with it. */
  pushBatch(batch: Batch, port = 0): void {
    for (let row = 0; row < batch.length; row++) {
      const clock = clockAt(batch, row);
      if (clock !== BEGINNING && clock < this.clockIn) {
        failure(`the test gave a row with clock ${clock} after the operator's clock ${this.clockIn}`);
      }
    }
    this.rowsIn += batch.length;
    const before = rowsOf(copyBatch(batch)).map(show).join();
    const isOneUpdate =
      batch.length === 1 || (batch.length === 2 && diffAt(batch, 0) < 0 && diffAt(batch, 1) > 0);
    const refused = this.rejected.length;
    this.#drive("onBatch", (out) => this.#operator.onBatch(batch, port, out), isOneUpdate);
    if (this.rejected.length > refused && this.#accepts?.(batch) === true)
      failure("the operator refused a row of a batch that its spec accepts");
    if (rowsOf(batch).map(show).join() !== before) failure("the operator wrote to its input batch");
    scramble(batch);
  }

  /** Raises the clock; calls that do not raise it are left out. */
  clock(clock: Time): void {
    if (clock <= this.clockIn) return;
    this.clockIn = clock;
    this.#drive("onClock", (out) => this.#operator.onClock?.(clock, out) ?? "done");
    const handedOn = this.#operator.clockOut?.(clock) ?? clock;
    if (Number.isNaN(handedOn) || handedOn > clock) failure(`clockOut(${clock}) is ${handedOn}`);
    // The runtime never takes a clock back either.
    this.clockOut = Math.max(this.clockOut, handedOn);
  }

  /** What a barrier or low load asks for. */
  flush(): void {
    this.#drive("flush", (out) => this.#operator.flush?.(out) ?? "done");
  }

  /** Wall-clock time, µs. */
  tick(now: Time): void {
    this.#drive("onTick", (out) => this.#operator.onTick?.(now, out) ?? "done");
  }

  /** The end of all inputs: the clock's last call, then `onEnd`. */
  end(): void {
    this.clock(Number.POSITIVE_INFINITY);
    this.#drive("onEnd", (out) => this.#operator.onEnd?.(out) ?? "done");
  }

  /** A barrier: flush, then the touched state is gathered. `rewrite` as in `StatePages.gather`. */
  snapshot(rewrite: (keyGroup: number) => boolean = () => false): void {
    this.flush();
    const chunks = this.#store.gather(rewrite).map((chunk) => ({ ...chunk, bytes: chunk.bytes.slice() }));
    const full = new Set(
      chunks.filter((chunk) => chunk.full).map((chunk) => `${chunk.table}/${chunk.keyGroup}`),
    );
    const kept = this.#chunks.filter((chunk) => !full.has(`${chunk.table}/${chunk.keyGroup}`));
    this.#chunks = [...kept, ...chunks];
    this.#clockAtSnapshot = this.clockIn;
  }

  /**
   * A fresh operator on a fresh store that holds the last snapshot. Call it right after `snapshot`; this harness may
   * go on after that, as a process does that is about to crash. `inputs` may differ, as after a change of the pipeline.
   */
  restored(inputs: readonly TestInput[] = this.#inputs): OperatorHarness {
    return new OperatorHarness(this.#spec, inputs, { ...this.#options, migrates: false }, this);
  }

  /** As `restored`, with another version of the step, which goes on with what this one stored. */
  migrated(spec: OperatorSpec, inputs: readonly TestInput[]): OperatorHarness {
    return new OperatorHarness(spec, inputs, { ...this.#options, migrates: true }, this);
  }

  /** All rows put out so far on a port. */
  output(port = 0): readonly Change[] {
    return this.#changes[port] ?? failure(`there is no output ${port}`);
  }

  /** Plain rows put out since the last call of `take`; `output` forgets them. */
  take(port = 0): PlainRow[] {
    const changes = this.#changes[port] ?? failure(`there is no output ${port}`);
    return changes.splice(0).map(({ row }) => row);
  }

  /** Rows of each batch put out so far on a port. */
  batchLengths(port = 0): readonly number[] {
    return this.#lengths[port] ?? failure(`there is no output ${port}`);
  }

  /** Rows with an outcome. */
  count(outcome: Outcome): number {
    return this.counts.get(outcome) ?? 0;
  }

  /** Rows without an outcome yet. */
  buffered(): number {
    return this.#operator.buffered?.() ?? 0;
  }

  /** Rows in all tables of the state. */
  stateRows(): number {
    return this.#tables.reduce((sum, table) => sum + table.size, 0);
  }

  #adopt(from: OperatorHarness): void {
    const { shard = 0, shards = 1 } = this.#options;
    this.#store.load(
      from.#chunks.map((chunk) => ({ ...chunk, bytes: chunk.bytes.slice() })),
      (keyGroup) => shards === 1 || keyGroup < 0 || shardOf(keyGroup, shards) === shard,
    );
    this.#chunks = [...from.#chunks];
    this.clockIn = from.#clockAtSnapshot;
    this.#clockAtSnapshot = from.#clockAtSnapshot;
    this.clockOut = from.clockOut;
    for (const [outcome, rows] of from.counts) this.counts.set(outcome, rows);
    for (const [id, highest] of from.#sourceClocks) this.#sourceClocks.set(id, highest);
    for (const [port, changes] of from.#changes.entries()) this.#changes[port] = [...changes];
    this.latePartial = from.latePartial;
    this.rowsIn = from.rowsIn;
    this.rejected.push(...from.rejected);
  }

  #context(): OperatorContext {
    return {
      nodeId: "node",
      shard: this.#options.shard ?? 0,
      inputs: this.#shapes,
      outputs: this.outputs,
      state: {
        table: (name, tableSpec) => {
          const table = this.#store.table(name, tableSpec);
          this.#tables.push(table);
          return table;
        },
      },
      clock: this.clockIn,
      generate: this.#options.generate ?? true,
      count: (outcome, rows) => this.#count(outcome, rows),
      countLatePartial: (rows) => {
        this.latePartial += rows;
      },
      reject: (batch, row, reason) => this.#reject(batch, row, reason),
    };
  }

  #count(outcome: Outcome, rows: number): void {
    if (!Number.isInteger(rows) || rows < 0) failure(`count("${outcome}", ${rows})`);
    this.counts.set(outcome, this.count(outcome) + rows);
  }

  #reject(batch: Batch, row: number, reason: string): void {
    const plain = rowsOf(batch)[row];
    if (plain === undefined) return failure(`reject of row ${row} in a batch of ${batch.length}`);
    if (this.#options.stopOnReject ?? false) throw new DataflowError("DF_REJECTED", reason);
    this.rejected.push({ row: Object.fromEntries(Object.entries(plain)), reason });
    this.#count("quarantined", 1);
  }

  /** Calls the operator, then `resume` until it is done, and checks what came out. */
  #drive(what: string, call: (out: Output) => Progress, isOneUpdate = false): void {
    const seen: Seen[] = [];
    /** The batch that was answered with "full": it must stay as it is until the next call. */
    let waiting: { readonly batch: Batch; readonly text: string } | undefined;
    const out: Output = (batch, port = 0) => {
      if (waiting !== undefined) failure(`${what}: the operator went on producing after "full"`);
      seen.push({ port, changes: this.#take(batch, port) });
      if (!(this.#options.full ?? false)) return "ok";
      waiting = { batch, text: rowsOf(batch).map(show).join() };
      return "full";
    };
    const taken = (): void => {
      if (waiting !== undefined && rowsOf(waiting.batch).map(show).join() !== waiting.text)
        failure(`${what}: a batch was changed after it was handed on`);
      waiting = undefined;
    };
    let idle = 0;
    for (let progress = call(out); progress !== "done";) {
      this.#budget?.settle();
      const before = seen.length;
      taken();
      progress = this.#operator.resume?.(out) ?? failure(`${what} returned "more", but there is no resume()`);
      idle = seen.length === before ? idle + 1 : 0;
      if (idle > IDLE_RESUMES_MAX) failure(`${what}: resume() says "more" without end, and puts nothing out`);
    }
    taken();
    this.#budget?.settle();
    this.#checkHalves(seen, isOneUpdate);
    this.#checkLedger(what);
  }

  /** Both halves of an update lie in one batch, the old one right before the new one. */
  #checkHalves(seen: readonly Seen[], isOneUpdate: boolean): void {
    for (const [port, shape] of this.outputs.entries()) {
      if (shape.change !== "retract" || shape.key.length === 0) continue;
      const batches = seen.filter((each) => each.port === port).map(({ changes }) => changes);
      for (const [i, batch] of batches.entries()) {
        const last = batches[i - 1]?.at(-1);
        const [first] = batch;
        const isCut = last !== undefined && first !== undefined && last.diff < 0 && first.diff > 0;
        if (isCut && keyText(last.row, shape) === keyText(first.row, shape)) {
          failure(`the halves of the update of ${show(first.row)} are parted by the end of a batch`);
        }
      }
      if (isOneUpdate) checkAdjacent(batches.flat(), shape);
    }
  }

  #take(batch: Batch, port: number): Change[] {
    const shape = this.outputs[port] ?? failure(`output on port ${port}; there are ${this.outputs.length}`);
    assertWellFormed(batch, shape);
    if (this.#spec.stateful && batch.origin !== undefined) failure("a stateful operator handed on an origin");
    const changes = changesOf(copyBatch(batch), shape);
    for (const { time, clock, row } of changes) {
      if (clock !== BEGINNING && clock < this.clockOut) {
        failure(`row ${show(row)} with clock ${clock} came after clock ${this.clockOut} was handed on`);
      }
      const isMade = clock === BEGINNING && shape.timed && port === 0;
      if (isMade && (this.#options.outputAheadOfClock ?? true) && time <= this.clockOut) {
        failure(`row ${show(row)} at ${time} came after clock ${this.clockOut} was handed on`);
      }
    }
    (this.#changes[port] as Change[]).push(...changes);
    (this.#lengths[port] as number[]).push(batch.length);
    return changes;
  }

  /** Each row has exactly one outcome, or is buffered. */
  #checkLedger(what: string): void {
    const buffered = this.buffered();
    let sum = buffered;
    for (const rows of this.counts.values()) sum += rows;
    if (sum === this.rowsIn) return;
    const outcomes = [...this.counts].map(([outcome, rows]) => `${outcome} ${rows}`).join(", ") || "none";
    failure(
      `after ${what}: ${this.rowsIn} rows in, but outcomes are ${outcomes} and ${buffered} are buffered`,
    );
  }
}

/** Opens an operator on one shard. @throws whatever `outputs` or `open` of the spec throw */
export function openOperator(
  spec: OperatorSpec,
  inputs: readonly TestInput[],
  options?: HarnessOptions,
): OperatorHarness {
  return new OperatorHarness(spec, inputs, options);
}
