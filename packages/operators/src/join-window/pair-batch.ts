import { BATCH_ROWS_MAX, BEGINNING, gatherColumn, type Batch, type Column, type Schema } from "@df/core";
import { withNulls } from "../stateless/stateless.ts";
import type { ResultColumn } from "./layout.ts";

/** Columns that pairs are made of: the compared ones, a row per key, and the held ones of each side. */
export interface PairColumns {
  readonly keys: readonly Column[];
  readonly sides: readonly [readonly Column[], readonly Column[]];
}

/** The rows of one side in the pairs. */
interface PairSide {
  readonly rows: Int32Array;
  /** 1 where the pair has no row of this side; its entry in `rows` is then 0. */
  readonly isMissing: Uint8Array;
  missing: number;
}

function newSide(): PairSide {
  return { rows: new Int32Array(BATCH_ROWS_MAX), isMissing: new Uint8Array(BATCH_ROWS_MAX), missing: 0 };
}

/** Collects pairs of rows, by their numbers, and makes a batch of them. `take` when `room` is 0 and at the end. */
export class PairBatch {
  readonly #result: readonly ResultColumn[];
  readonly #schema: Schema;
  readonly #keys: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #sides: readonly [PairSide, PairSide] = [newSide(), newSide()];
  #length = 0;

  constructor(result: readonly ResultColumn[], schema: Schema) {
    this.#result = result;
    this.#schema = schema;
  }

  /** Pairs that still fit. */
  get room(): number {
    return BATCH_ROWS_MAX - this.#length;
  }

  /** Adds the left row with each of `count` right rows from `from` on, as many as there is room for; returns these. */
  addPairs(key: number, left: number, from: number, count: number): number {
    const begin = this.#length;
    const end = begin + Math.min(count, this.room);
    const [ofLeft, ofRight] = this.#sides;
    this.#keys.fill(key, begin, end);
    ofLeft.rows.fill(left, begin, end);
    ofLeft.isMissing.fill(0, begin, end);
    ofRight.isMissing.fill(0, begin, end);
    for (let at = begin; at < end; at++) ofRight.rows[at] = from + at - begin;
    this.#length = end;
    return end - begin;
  }

  /** Adds a row without a partner. */
  addAlone(key: number, side: 0 | 1, row: number): void {
    const at = this.#length++;
    const own = this.#sides[side];
    const other = this.#sides[side === 0 ? 1 : 0];
    this.#keys[at] = key;
    own.rows[at] = row;
    own.isMissing[at] = 0;
    other.rows[at] = 0;
    other.isMissing[at] = 1;
    other.missing++;
  }

  /** The pairs so far as rows of the window from `start` to `end`, µs. */
  take(columns: PairColumns, start: number, end: number): Batch {
    const length = this.#length;
    const made = this.#result.map((column) => this.#column(column, columns));
    this.#length = 0;
    for (const side of this.#sides) side.missing = 0;
    return {
      schema: this.#schema,
      length,
      columns: [...made, constant(start, length), constant(end, length)],
      change: "append",
      times: new Float64Array(length).fill(end - 1),
      clocks: BEGINNING,
    };
  }

  #column({ side, from, index }: ResultColumn, columns: PairColumns): Column {
    const { rows, isMissing, missing } = this.#sides[side];
    const length = this.#length;
    const gathered =
      from === "key"
        ? gatherColumn(columns.keys[index] as Column, this.#keys, length)
        : gatherColumn(columns.sides[side][index] as Column, rows, length);
    return missing === 0 ? gathered : withNulls(gathered, isMissing, length);
  }
}

function constant(value: number, length: number): Column {
  return { layout: "double", values: new Float64Array(length).fill(value) };
}
