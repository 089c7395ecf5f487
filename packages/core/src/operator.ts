/**
 * The contract of operators. Read this first, then connector.ts and stage.ts.
 *
 * An operator is the work of one node on one shard. It is synchronous, never reads the wall clock, never draws random
 * numbers and keeps what it must remember in its `StateStore` only, so it has no snapshot method: the runtime
 * checkpoints what was touched. The same input gives the same output in any batching.
 */
import type { Batch } from "./batch/batch.ts";
import type { Json } from "./json.ts";
import type { Migration, StepMigration } from "./migration.ts";
import type { Schema } from "./schema/schema.ts";
import type { StateStore } from "./state/state-store.ts";
import type { Exchange, Label, Shape } from "./stream.ts";
import type { Time } from "./time.ts";

/**
 * Takes a batch, for output port `port` (0 if not given). The batch is taken in both cases. After "full" the operator
 * keeps a cursor, stops producing and returns "more". "full" comes only from bounded queues that empty by themselves,
 * without a checkpoint. After "ok" nobody reads the batch any more; after "full" that is so at the operator's next call.
 */
export type Output = (batch: Batch, port?: number) => "ok" | "full";

/** "more": there is more output for what was given; the runtime calls `resume` before anything else. */
export type Progress = "done" | "more";

/** The work of one node on one shard. All calls are synchronous and come one at a time. */
export interface Operator {
  /**
   * Rows have arrived on input `port`. The batch may be kept until this, or the last `resume` after it, says "done".
   */
  onBatch(batch: Batch, port: number, out: Output): Progress;
  /** No row at or before `clock` is expected any more on any input, except late ones. Rises with each call. */
  onClock?(clock: Time, out: Output): Progress;
  /** Repeated until "done"; only then comes the next batch, clock, flush or barrier. */
  resume?(out: Output): Progress;
  /** The clock to hand on after `onClock(clock)`: it stays below the event time of all that may still be emitted. */
  clockOut?(clock: Time): Time;
  /** Emits what is due once per flush. Called before each barrier, and under low load every 100 ms. */
  flush?(out: Output): Progress;
  /** Wall-clock time, µs, about every 100 ms; what depends on it is labelled so. */
  onTick?(now: Time, out: Output): Progress;
  /** No input is coming any more and the clock has had its last call. */
  onEnd?(out: Output): Progress;
  /** Rows taken that have no outcome yet: the ledger adds them. */
  buffered?(): number;
  /** What is open at this moment, in its own words: `{ windows: 345 }`. Shown at the end of a run and by `status`. */
  gauges?(): Readonly<Record<string, number>>;
  /** The clock at which something that is open is over next, µs; undefined while nothing is open. */
  nextDue?(): Time | undefined;
}

/**
 * What became of an input row: each one has exactly one outcome, or is still buffered.
 * `passed` handed on, `folded` part of state, `filtered` refused by a condition, `duplicate`, `late`, `quarantined`,
 * `expired` held and then dropped by a limit.
 */
export type Outcome = "passed" | "folded" | "filtered" | "duplicate" | "late" | "quarantined" | "expired";

/** What the runtime gives an operator when it opens it. */
export interface OperatorContext {
  readonly nodeId: string;
  readonly shard: number;
  /** Schemas of the inputs as they really are: without the columns that nobody reads. */
  readonly inputs: readonly Shape[];
  /** Shapes of the outputs, from `OperatorSpec.outputs(inputs)`. */
  readonly outputs: readonly Shape[];
  readonly state: StateStore;
  /** The function of the user, only where it is to run now: tables that were stored bring their rows over by it. */
  readonly migration?: Migration | undefined;
  /** The last clock this operator was given before the checkpoint it starts from; −∞ at the first start. */
  readonly clock: Time;
  /** Whether code may be generated. Where it may not, and in half of the tests, the interpreted twin runs. */
  readonly generate: boolean;
  /** Adds to the ledger of this node. */
  count(outcome: Outcome, rows: number): void;
  /** Rows folded into some, but not all, of their windows. */
  countLatePartial(rows: number): void;
  /**
   * Refuses a row: it goes to quarantine with its reason and counts as quarantined.
   * `thrown` is what the reason was taken from: where a function of the user threw it is told, but not kept with the
   * row, since each edit of the file changes it.
   * @throws DF_REJECTED where the pipeline names no place for refused rows; the epoch is then not kept.
   */
  reject(batch: Batch, row: number, reason: string, thrown?: unknown): void;
}

/** A node's work as the plan knows it: plain data and two pure functions. */
export interface OperatorSpec {
  /** The verb: "filter", "window". */
  readonly name: string;
  /** Raised when the layout of its state changes; part of the plan's fingerprint, as `options` is. */
  readonly version: number;
  /** All that decides what its state means. */
  readonly options: Json;
  readonly label: Label;
  /** Whether it keeps state. A stateless operator keeps the origin of rows and runs in the chain of its input. */
  readonly stateful: boolean;
  /** Whether it may refuse rows: only then they bring along to other shards where they were read. Default: true. */
  readonly refuses?: boolean;
  /**
   * Opens a question to batches of its only input: whether it will refuse none of their rows, which then need not bring
   * along where they were read. Without it, all rows of a step that may refuse some do.
   */
  accepts?(context: Pick<OperatorContext, "inputs" | "generate">): (batch: Batch) => boolean;
  /** One per input. */
  readonly exchanges: readonly Exchange[];
  /**
   * Shapes of the outputs; port 0 is the result. Called with full shapes when the graph is built, and with those that
   * are left after pruning when it is run.
   * @throws DataflowError when the inputs do not fit.
   */
  outputs(inputs: readonly Shape[]): readonly Shape[];
  /**
   * The columns it needs of each input, given those that are wanted of each output (always columns of that output).
   * Key columns and event time are kept by the plan in any case.
   */
  needs(wanted: readonly ReadonlySet<string>[], inputs: readonly Schema[]): readonly ReadonlySet<string>[];
  /**
   * Whether a step of this verb and version goes on with state that was stored under another part of the fingerprint.
   * Without it, and where it says nothing, the state is refused.
   */
  goesOn?(before: StepPart, now: StepPart): GoesOn | undefined;
  /** The function that the user wrote for its state, whether it has run or not. */
  readonly migration?: StepMigration | undefined;
  open(context: OperatorContext): Operator;
}

/** What a fingerprint says of a step that keeps state. */
export interface StepPart {
  readonly verb: string;
  readonly version: number;
  readonly options: Json;
  readonly inputs: readonly InputPart[];
}

/** What a fingerprint says of the rows that come into a step. */
export interface InputPart {
  /** Those that its state and results need, in the order of the schema: "cents int64", with "?" where null is allowed. */
  readonly columns: readonly string[];
  readonly change: string;
  readonly key: readonly string[];
  readonly timed: boolean;
  readonly exchange: Json;
}

/**
 * `keep`: the state means the same. `migrate`: its tables have other columns than were stored, or another order; all
 * rows are brought over, and written anew at the first checkpoint. `refuse`: it cannot go on, and why, a sentence.
 */
export type GoesOn =
  | { readonly verdict: "keep" | "migrate" }
  | { readonly verdict: "refuse"; readonly why: string };
