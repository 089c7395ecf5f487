/** One run of an operator over logs: a schedule of batches, clocks, barriers, restores and crashes, from a seed. */
import {
  BATCH_ROWS_MAX,
  BEGINNING,
  columnIndex,
  copyRows,
  shardOf,
  type Batch,
  type Exchange,
  type OperatorSpec,
  type Time,
} from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { keyText } from "./change.ts";
import { OperatorHarness, type HarnessOptions } from "./harness.ts";
import { shapeOf, type EncodedLog, type Entry, type TestInput } from "./log.ts";
import type { Random } from "./random.ts";

/** How a run treats the operator. */
export interface Mode {
  readonly name: string;
  readonly batches: "one row" | "all rows" | "random";
  readonly shards: number;
  /** Every output batch is answered with "full". */
  readonly full: boolean;
  /** After which steps a barrier comes, and what follows it. */
  readonly barriers: "none" | "each";
  readonly restore: "never" | "each" | "crash";
  /** Snapshots hold everything, not only what was touched. */
  readonly rewrite: boolean;
  readonly generate: boolean;
  /** Rows of state go to a scratch file after each call. */
  readonly spills: boolean;
  /** Only some columns of the outputs are wanted, and the inputs are pruned to what is needed for them. */
  readonly pruned: boolean;
}

/** How one run of an operator goes. */
export interface RunOptions {
  readonly operator: OperatorSpec;
  readonly inputs: readonly TestInput[];
  readonly logs: readonly EncodedLog[];
  readonly mode: Mode;
  readonly drain: boolean;
  readonly anyOrder: boolean;
  readonly harness: HarnessOptions;
}

/** Rows that are given together or not at all: one row, or both halves of an update. */
type Unit = readonly number[];

/** The next rows of one split; in `anyOrder` each unit is a stream of its own. */
interface Cursor {
  readonly port: number;
  readonly units: readonly Unit[];
  next: number;
  ended: boolean;
}

/** A run in progress. `fork` is what a crash leaves behind. */
export class Run {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #shardOfRow: readonly Int32Array[];
  readonly #cursors: Cursor[];
  readonly #splitClock: Map<Cursor, Time> = new Map();
  readonly arrival: Entry[] = [];
  shards: OperatorHarness[];

  constructor(options: RunOptions, random: Random, from?: Run) {
    this.#options = options;
    this.#random = random;
    if (from !== undefined) {
      this.#shardOfRow = from.#shardOfRow;
      this.#cursors = from.#cursors.map((cursor) => ({ ...cursor }));
      for (const [i, cursor] of from.#cursors.entries()) {
        this.#splitClock.set(this.#cursors[i] as Cursor, from.#splitClock.get(cursor) ?? BEGINNING);
      }
      this.shards = [...from.shards];
      return;
    }
    const { operator, inputs, logs, mode } = options;
    this.#shardOfRow = logs.map((log, port) =>
      shardsOf(log, operator.exchanges[port] ?? "forward", mode.shards),
    );
    this.#cursors = logs.flatMap((log, port) =>
      cursorsOf(log, port, inputs[port] as TestInput, options.anyOrder),
    );
    // What takes all rows on one shard has all key groups there, as in the runtime.
    const shards = operator.exchanges.every((exchange) => exchange === "single") ? 1 : mode.shards;
    const harness: HarnessOptions = {
      ...options.harness,
      full: mode.full,
      generate: mode.generate,
      spills: mode.spills,
      shards,
    };
    this.shards = Array.from(
      { length: mode.shards },
      (_, shard) => new OperatorHarness(operator, inputs, { ...harness, shard }),
    );
  }

  /** Runs all logs to their end. */
  finish(): void {
    const { mode, drain } = this.#options;
    while (this.#step()) {
      if (mode.barriers === "each") for (const shard of this.shards) shard.snapshot(this.#rewrite());
      if (mode.restore === "crash" && this.#random.oneIn(3)) this.#crash();
      if (mode.restore === "each") this.shards = this.shards.map((shard) => shard.restored());
    }
    for (const shard of this.shards) {
      shard.clock(this.clock());
      if (drain) shard.end();
      shard.snapshot(this.#rewrite());
    }
  }

  /** The minimum over live splits; when all have ended, the highest of theirs. */
  clock(): Time {
    const { anyOrder, logs } = this.#options;
    if (this.#cursors.every((cursor) => cursor.ended)) {
      return Math.max(BEGINNING, ...logs.flatMap((log) => [...log.splitClocks]));
    }
    if (anyOrder) {
      const left = this.#cursors.filter((cursor) => cursor.next < cursor.units.length);
      const limits = left.flatMap(({ port, units }) =>
        (units[0] ?? []).map((row) => this.#log(port).limits[row]),
      );
      return Math.min(this.#highest(), ...(limits as number[]));
    }
    const live = this.#cursors.filter((cursor) => !cursor.ended);
    return Math.min(...live.map((cursor) => this.#splitClock.get(cursor) ?? BEGINNING));
  }

  #highest(): Time {
    return Math.max(BEGINNING, ...this.#splitClock.values());
  }

  #log(port: number): EncodedLog {
    return this.#options.logs[port] as EncodedLog;
  }

  #rewrite(): (keyGroup: number) => boolean {
    if (this.#options.mode.rewrite) return () => true;
    const chosen = this.#random.below(128);
    return (keyGroup) => keyGroup === chosen;
  }

  /** Some rows, then perhaps a clock or a flush. False at the end. */
  #step(): boolean {
    const open = this.#cursors.filter((cursor) => !cursor.ended);
    if (open.length === 0) return false;
    const port = (open[this.#random.below(open.length)] as Cursor).port;
    const rows = this.#pick(open.filter((cursor) => cursor.port === port));
    if (rows.length > 0) this.#give(port, rows);
    const isLazy = this.#options.mode.batches === "random";
    for (const shard of this.shards) {
      if (!isLazy || this.#random.oneIn(2)) shard.clock(this.clock());
      if (this.#random.oneIn(4)) shard.flush();
    }
    return true;
  }

  /** Takes rows from the splits of one input, each in its order. */
  #pick(open: Cursor[]): number[] {
    const { batches } = this.#options.mode;
    const most =
      batches === "one row" ? 1 : batches === "all rows" ? BATCH_ROWS_MAX : 1 + this.#random.below(12);
    const isOneSplit = batches === "random" && this.#random.oneIn(2);
    const from = isOneSplit ? [open[this.#random.below(open.length)] as Cursor] : open;
    const rows: number[] = [];
    let left = from.filter((cursor) => !this.#endedNow(cursor));
    for (let count = 0; count < most && left.length > 0; count++) {
      const cursor = left[this.#random.below(left.length)] as Cursor;
      const unit = cursor.units[cursor.next++] as Unit;
      rows.push(...unit);
      const last = unit.at(-1) as number;
      this.#splitClock.set(cursor, this.#log(cursor.port).splitClocks[last] as number);
      if (cursor.next === cursor.units.length) left = left.filter((other) => other !== cursor);
    }
    return rows;
  }

  /** A split without further rows leaves the minimum, but not always at once. */
  #endedNow(cursor: Cursor): boolean {
    if (cursor.next < cursor.units.length) return false;
    cursor.ended = this.#options.mode.batches !== "random" || this.#random.oneIn(2);
    return true;
  }

  #give(port: number, rows: readonly number[]): void {
    const log = this.#log(port);
    for (const row of rows) this.arrival.push(log.entries[row] as Entry);
    const owner = this.#shardOfRow[port] as Int32Array;
    for (const [shard, harness] of this.shards.entries()) {
      const own = rows.filter((row) => owner[row] === shard);
      if (own.length > 0) harness.pushBatch(this.#batch(log, own, port), port);
    }
  }

  /** Rows of one split show where they come from, rows of several cannot. */
  #batch(log: EncodedLog, rows: readonly number[], port: number): Batch {
    const batch = copyRows(log.batch as Batch, Int32Array.from(rows), rows.length);
    const splits = new Set(rows.map((row) => log.entries[row]?.split));
    if (splits.size !== 1 || this.#options.inputs[port]?.made === true) return batch;
    const positions = Float64Array.from(rows, (row) => log.entries[row]?.position ?? 0);
    return { ...batch, origin: { source: `input${port}`, split: String([...splits][0]), positions } };
  }

  /** Right after a snapshot: the process goes on for a while, dies, and what it did since is done again. */
  #crash(): void {
    const survivors = this.shards.map((shard) => shard.restored());
    const doomed = new Run(this.#options, this.#random, this);
    for (let steps = 1 + this.#random.below(3); steps > 0; steps--) doomed.#step();
    this.shards = survivors;
  }
}

function cursorsOf(log: EncodedLog, port: number, input: TestInput, anyOrder: boolean): Cursor[] {
  const units = log.splits.map((rows) => unitsOf(log, rows, input));
  const streams = anyOrder ? units.flat().map((unit) => [unit]) : units;
  return streams.map((stream) => ({ port, units: stream, next: 0, ended: false }));
}

/** An old half directly followed by the new half of its key is one update. */
function unitsOf(log: EncodedLog, rows: readonly number[], input: TestInput): Unit[] {
  const shape = shapeOf(input);
  const units: number[][] = [];
  for (const row of rows) {
    const entry = log.entries[row] as Entry;
    const previous = log.entries[row - 1];
    const isSecondHalf =
      shape.change === "retract" &&
      entry.position > 0 &&
      entry.diff > 0 &&
      previous !== undefined &&
      previous.diff < 0 &&
      units.at(-1)?.length === 1 &&
      keyText(previous.row, shape) === keyText(entry.row, shape);
    if (isSecondHalf) units.at(-1)?.push(row);
    else units.push([row]);
  }
  return units;
}

function shardsOf(log: EncodedLog, exchange: Exchange, shards: number): Int32Array {
  const { entries, batch } = log;
  if (batch === undefined || exchange === "single") return new Int32Array(entries.length);
  if (exchange === "forward") return Int32Array.from(entries, ({ split }) => split % shards);
  const codec = new CanonicalCodec(
    batch.schema,
    exchange.keyBy.map((name) => columnIndex(batch.schema, name)),
  );
  return Int32Array.from(entries, (_, row) => shardOf(codec.keyGroup(batch, row), shards));
}
