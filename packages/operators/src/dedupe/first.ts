import {
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  columnIndex,
  pick,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type RowId,
  type Schema,
  type Shape,
  type StateTable,
  type Time,
} from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { bringByName } from "@df/core/state/bring";
import { FunctionRewriter } from "../kept-rows/function-rewriter.ts";
import { rewrittenRows, rowsColumn, type Rewriting } from "../kept-rows/rows-column.ts";
import { listRewriter } from "../kept-rows/rows-list.ts";
import { LateSplit } from "../outputs/late-split.ts";
import { lateRows } from "../outputs/late.ts";
import { Pending } from "../outputs/pending.ts";
import type { AnyOptions } from "./any.ts";
import { DueQueue } from "./due-queue.ts";
import { HEAD_BYTES, heldCount, heldRow, withRow } from "./held-rows.ts";

/** The column with the held rows of each key. */
const HELD = "held";

/** Opens `keep: "first"`. */
export function openFirst(context: OperatorContext, options: AnyOptions): Operator {
  return new FirstDedupe(context, options);
}

/**
 * Holds the rows of a key until the clock has passed them: then no row before them can come, and they are decided in
 * the order of event time. A key's place in the table has its held rows and the time of the row that was kept last.
 */
class FirstDedupe implements Operator {
  readonly #context: OperatorContext;
  readonly #options: AnyOptions;
  readonly #split: LateSplit;
  readonly #columns: readonly number[];
  readonly #table: StateTable;
  /** Words from a row's start: reference of the held rows; then 1 if a row was kept, and its event time. */
  readonly #heldWord: number;
  readonly #keptWord: number;
  readonly #codec: CanonicalCodec;
  readonly #due: DueQueue = new DueQueue();
  readonly #results: Results;
  #held = 0;
  readonly #pending: Pending = new Pending();

  constructor(context: OperatorContext, options: AnyOptions) {
    const { schema } = context.inputs[0] as Shape;
    this.#context = context;
    this.#options = options;
    this.#split = new LateSplit(options.allowedLatenessMicros);
    this.#columns = options.by.map((name) => columnIndex(schema, name));
    const held = rowsColumn(HELD, schema);
    this.#table = context.state.table("first", {
      key: pick(schema, options.by),
      value: [held, { name: "kept", words: 2 }],
      bring: bringByName({
        rewrittenOf: (stored) =>
          rewrittenRows(stored, HELD, schema, {
            value: listRewriter(HEAD_BYTES),
            rows: this.#rewriting(schema),
          }),
      }),
    });
    this.#heldWord = this.#table.offset(held.name);
    this.#keptWord = this.#table.offset("kept");
    this.#codec = new CanonicalCodec(schema);
    this.#results = new Results(schema, this.#codec);
    this.#restore();
  }

  /** How a function of the user makes held rows those of now. */
  #rewriting(schema: Schema): Rewriting["rows"] {
    const { migration, nodeId } = this.#context;
    if (migration === undefined) return undefined;
    return (was) =>
      new FunctionRewriter(migration, { was, is: schema, keys: this.#options.by, step: nodeId });
  }

  onBatch(batch: Batch, _port: number, out: Output): Progress {
    this.#split.part(batch);
    const { rows, count, lateCount } = this.#split;
    this.#hold(batch, rows, count);
    if (lateCount > 0) this.#pending.add([lateRows(this.#context, 1, batch, this.#split)], 1);
    return this.resume(out);
  }

  onClock(clock: Time, out: Output): Progress {
    const until = this.clockOut(clock);
    for (let id = this.#due.next(until); id !== undefined; id = this.#due.next(until))
      this.#decide(id, until);
    this.#pending.add(this.#results.take());
    return this.resume(out);
  }

  resume(out: Output): Progress {
    return this.#pending.push(out);
  }

  /** Up to here all rows are decided. */
  clockOut(clock: Time): Time {
    return clock - this.#options.allowedLatenessMicros;
  }

  buffered(): number {
    return this.#held;
  }

  #hold(batch: Batch, rows: Int32Array, count: number): void {
    if (count === 0) return;
    const ids = new Int32Array(count);
    const offsets = new Int32Array(count);
    this.#table.insert({ batch, columns: this.#columns, rows, count }, 0, ids, new Int32Array(count));
    this.#table.offsets(ids, count, offsets);
    let duplicates = 0;
    for (let i = 0; i < count; i++) {
      duplicates += this.#holdRow(batch, rows[i] as number, ids[i] as RowId, offsets[i] as number);
    }
    this.#held += count - duplicates;
    if (duplicates > 0) this.#context.count("duplicate", duplicates);
  }

  /** Returns how many rows are known to be copies by now: the row itself, or one that it takes the place of. */
  #holdRow(batch: Batch, row: number, id: RowId, offset: number): number {
    const { words, heap } = this.#table;
    const time = batch.times[row] as number;
    if (this.#isNear(offset, time)) return 1;
    const reference = words[offset + this.#heldWord] as number;
    const list = reference === 0 ? EMPTY : heap.get(reference);
    const longer = withRow(list, time, this.#codec.encode(batch, row));
    if (longer === undefined) return 1;
    heap.free(reference);
    words[offset + this.#heldWord] = heap.put(longer.list, 0, longer.list.length);
    this.#due.set(id, heldRow(longer.list, 0).time);
    return longer.freed;
  }

  /** Whether a row at `time`, which is after all decided ones, is a copy of the row that was kept last. */
  #isNear(offset: number, time: Time): boolean {
    const { words } = this.#table;
    const kept = offset + this.#keptWord;
    return words[kept] === 1 && time - (words[kept + 1] as number) < this.#options.withinMicros;
  }

  /** Decides the key's rows up to `until`, or forgets the key. */
  #decide(id: RowId, until: Time): void {
    const offset = this.#offsetOf(id);
    const { words, heap } = this.#table;
    const reference = words[offset + this.#heldWord] as number;
    const list = reference === 0 ? EMPTY : heap.get(reference).slice();
    let at = 0;
    while (at < list.length) {
      const { time, bytes, end } = heldRow(list, at);
      if (time > until) break;
      const isCopy = this.#isNear(offset, time);
      this.#context.count(isCopy ? "duplicate" : "passed", 1);
      this.#held--;
      at = end;
      if (isCopy) continue;
      this.#results.add(bytes, time);
      words[offset + this.#keptWord] = 1;
      words[offset + this.#keptWord + 1] = time;
    }
    heap.free(reference);
    words[offset + this.#heldWord] = at === list.length ? 0 : heap.put(list, at, list.length);
    this.#table.touch(Int32Array.of(id), 1);
    this.#arm(id, until);
  }

  /** Sets when the key is due: at its first held row, else when no row can be near to the kept one any more. */
  #arm(id: RowId, until: Time): void {
    const offset = this.#offsetOf(id);
    const { words, heap } = this.#table;
    const reference = words[offset + this.#heldWord] as number;
    const forget = (words[offset + this.#keptWord + 1] as number) + this.#options.withinMicros - 1;
    if (reference !== 0) this.#due.set(id, heldRow(heap.get(reference), 0).time);
    else if (words[offset + this.#keptWord] === 1 && forget > until) this.#due.set(id, forget);
    else {
      this.#due.delete(id);
      this.#table.remove(Int32Array.of(id), 1);
    }
  }

  #offsetOf(id: RowId): number {
    const offset = new Int32Array(1);
    this.#table.offsets(Int32Array.of(id), 1, offset);
    return offset[0] as number;
  }

  /** Makes anew what is not state: when each key is due, and how many rows are held. */
  #restore(): void {
    const ids = new Int32Array(BATCH_ROWS_MAX);
    const until = this.clockOut(this.#context.clock);
    const found: RowId[] = [];
    for (let count = this.#table.scan(0, 0, ids); count > 0; count = this.#table.scan(0, found.length, ids)) {
      found.push(...ids.subarray(0, count));
    }
    for (const id of found) {
      const offset = this.#offsetOf(id);
      const reference = this.#table.words[offset + this.#heldWord] as number;
      if (reference !== 0) this.#held += heldCount(this.#table.heap.get(reference));
      this.#arm(id, until);
    }
  }
}

const EMPTY: Uint8Array = new Uint8Array(0);

/** Rows that are kept, as batches. */
class Results {
  readonly #schema: Schema;
  readonly #codec: CanonicalCodec;
  readonly #builders: readonly ColumnBuilder[];
  #times: number[] = [];
  #batches: Batch[] = [];

  constructor(schema: Schema, codec: CanonicalCodec) {
    this.#schema = schema;
    this.#codec = codec;
    this.#builders = schema.fields.map((field) => new ColumnBuilder(field.type));
  }

  /** `bytes` are canonical. */
  add(bytes: Uint8Array, time: Time): void {
    this.#codec.decode(bytes, this.#builders);
    this.#times.push(time);
    if (this.#times.length === BATCH_ROWS_MAX) this.#end();
  }

  take(): Batch[] {
    if (this.#times.length > 0) this.#end();
    const batches = this.#batches;
    this.#batches = [];
    return batches;
  }

  #end(): void {
    this.#batches.push({
      schema: this.#schema,
      length: this.#times.length,
      columns: this.#builders.map((builder) => builder.take()),
      change: "append",
      times: Float64Array.from(this.#times),
      clocks: BEGINNING,
    });
    this.#times = [];
  }
}
