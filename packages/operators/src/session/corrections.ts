import { BATCH_ROWS_MAX, pick, type RowId, type Shape, type StateTable, type Time } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { FLAGS, TOUCHED, type OpenAggregate } from "../aggregates/folding.ts";
import { Halves } from "../outputs/halves.ts";
import type { Emission } from "../outputs/pending.ts";
import type { DueBuckets } from "./due-buckets.ts";
import { rowsColumn } from "../kept-rows/rows-column.ts";
import { LAST, SHOWN, SHOWN_END } from "./layout.ts";
import type { SessionOptions } from "./options.ts";
import { Order } from "./order.ts";
import { Results } from "./results.ts";

/** A row that was shown of a session that is part of another one by now. */
interface TakenBack {
  /** Canonical bytes. */
  readonly row: Uint8Array;
  readonly end: Time;
}

/** What `Corrections` work on. */
interface CorrectionParts {
  readonly table: StateTable;
  readonly output: Shape;
  readonly open: readonly OpenAggregate[];
  readonly due: DueBuckets;
}

/**
 * Shows sessions whose results can change, and takes back what was shown. Behind `changes` exactly those are shown that
 * are over, or all with "onUpdate". What was shown lies with its session in the table, as canonical bytes; the lists of
 * what has changed are empty at every barrier, so they are no part of the state.
 */
export class Corrections {
  readonly #options: SessionOptions;
  readonly #table: StateTable;
  readonly #due: DueBuckets;
  readonly #codec: CanonicalCodec;
  readonly #halves: Halves;
  readonly #results: Results;
  readonly #order: Order;
  readonly #lastWord: number;
  readonly #flagsWord: number;
  readonly #shownWord: number;
  readonly #shownEndWord: number;
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #touched = new Set<RowId>();
  #takenBack: TakenBack[] = [];
  /** The lowest end that a row of the changes will have: the clock that is handed on waits for it. */
  #lowestEnd = Number.POSITIVE_INFINITY;

  constructor(options: SessionOptions, { table, output, open, due }: CorrectionParts) {
    const { schema } = output;
    this.#options = options;
    this.#table = table;
    this.#due = due;
    this.#codec = new CanonicalCodec(schema);
    this.#halves = new Halves(schema, this.#codec);
    this.#results = new Results(table, output, { gapMicros: options.gapMicros, open });
    this.#order = new Order(table, pick(schema, options.by));
    this.#lastWord = table.offset(LAST);
    this.#flagsWord = table.offset(FLAGS);
    this.#shownWord = table.offset(rowsColumn(SHOWN, schema).name);
    this.#shownEndWord = table.offset(SHOWN_END);
  }

  /** Rows were folded into sessions, at a clock; a session may stand there several times. */
  touch(ids: Int32Array, offsets: Int32Array, clock: Time): void {
    const { words } = this.#table;
    const isFinal = this.#options.emit === "final";
    for (let i = 0; i < ids.length; i++) {
      const offset = offsets[i] as number;
      if (words[offset + this.#flagsWord] === TOUCHED) continue;
      const isShown = words[offset + this.#shownWord] !== 0;
      const end = (words[offset + this.#lastWord] as number) + this.#options.gapMicros;
      // Others are looked at when they are over.
      if (isFinal && !isShown && end > clock) continue;
      const id = ids[i] as RowId;
      words[offset + this.#flagsWord] = TOUCHED;
      this.#touched.add(id);
      this.#wait(isShown ? (words[offset + this.#shownEndWord] as number) : end);
      // One that was over may be open again: then it is not due when it is gone, but when it is over.
      if (isFinal) this.#due.set(id, end);
    }
  }

  /** Sessions are over that were not before. */
  over(ids: Int32Array): void {
    for (const id of ids) this.#touched.add(id);
  }

  /** Two sessions have exchanged their rows of the table. */
  swap(a: RowId, b: RowId): void {
    const [isA, isB] = [this.#touched.delete(a), this.#touched.delete(b)];
    if (isA) this.#touched.add(b);
    if (isB) this.#touched.add(a);
  }

  /** A session becomes part of another one: what was shown of it is taken back. */
  absorb(id: RowId, offset: number): void {
    const { words, heap } = this.#table;
    this.#touched.delete(id);
    const reference = words[offset + this.#shownWord] as number;
    if (reference === 0) return;
    const end = words[offset + this.#shownEndWord] as number;
    this.#takenBack.push({ row: heap.get(reference).slice(), end });
    this.#wait(end);
  }

  /** Whether a change has to be given before the clock is handed on: later it would be behind it. */
  isUrgent(clock: Time): boolean {
    return this.#lowestEnd + this.#options.allowedLatenessMicros <= clock;
  }

  /** What has changed since the last call, each session once: the old row, and the new one directly behind it. */
  *changes(clock: Time): Generator<Emission, void> {
    const takenBack = this.#takenBack.toSorted((a, b) => a.end - b.end || Buffer.compare(a.row, b.row));
    const ids = this.#order.sorted(Int32Array.from(this.#touched));
    this.#takenBack = [];
    this.#touched.clear();
    this.#lowestEnd = Number.POSITIVE_INFINITY;
    for (const { row, end } of takenBack) this.#halves.delete(row, end - 1);
    for (let from = 0; from < ids.length; from += BATCH_ROWS_MAX) {
      this.#change(ids.subarray(from, from + BATCH_ROWS_MAX), clock);
      yield* this.#taken();
    }
    yield* this.#taken();
  }

  *#taken(): Generator<Emission, void> {
    for (const batch of this.#halves.take()) yield { batch, port: 0 };
  }

  #change(ids: Int32Array, clock: Time): void {
    const table = this.#table;
    table.touch(ids, ids.length);
    table.offsets(ids, ids.length, this.#offsets);
    const { words } = table;
    const shown = new Int32Array(ids.length);
    let count = 0;
    for (let i = 0; i < ids.length; i++) {
      const offset = this.#offsets[i] as number;
      words[offset + this.#flagsWord] = 0;
      const end = (words[offset + this.#lastWord] as number) + this.#options.gapMicros;
      if (this.#options.emit === "final" && end > clock) this.#hide(offset);
      else {
        shown[count] = ids[i] as RowId;
        this.#offsets[count++] = offset;
      }
    }
    if (count > 0) this.#show(shown.subarray(0, count));
  }

  /** Takes back what was shown of a session that is open again. */
  #hide(offset: number): void {
    const { words, heap } = this.#table;
    const reference = words[offset + this.#shownWord] as number;
    if (reference === 0) return;
    this.#halves.delete(heap.get(reference), (words[offset + this.#shownEndWord] as number) - 1);
    heap.free(reference);
    words[offset + this.#shownWord] = 0;
  }

  /** Shows the sessions at `#offsets` as they are, and takes back what was shown of them, if it was different. */
  #show(ids: Int32Array): void {
    const { words, heap } = this.#table;
    const batch = this.#results.batchOf(ids);
    for (let i = 0; i < batch.length; i++) {
      const offset = this.#offsets[i] as number;
      const row = this.#codec.encode(batch, i);
      const reference = words[offset + this.#shownWord] as number;
      if (reference === 0) this.#halves.insert(batch, i);
      else {
        const old = heap.get(reference);
        if (Buffer.compare(old, row) === 0) continue;
        this.#halves.update(old, (words[offset + this.#shownEndWord] as number) - 1, batch, i);
        heap.free(reference);
      }
      words[offset + this.#shownWord] = heap.put(row, 0, row.length);
      words[offset + this.#shownEndWord] = (batch.times[i] as number) + 1;
    }
  }

  #wait(end: Time): void {
    if (end < this.#lowestEnd) this.#lowestEnd = end;
  }
}
