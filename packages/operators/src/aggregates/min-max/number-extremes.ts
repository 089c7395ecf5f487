import {
  DataflowError,
  type Aggregate,
  type Column,
  type ColumnBuilder,
  type StateTable,
  type Validity,
  type ValueColumn,
} from "@df/core";
import { refuseRetraction, type End } from "./end.ts";

// A row: what the value is, and the value: a double, or 64 bits where it is beyond 2^53.
const KIND = 0;
const VALUE = 1;
const WORDS = 2;

const NONE = 0;
const NUMBER = 1;
const LONG = 2;

/** The part of a table's row that a smallest or largest number needs. */
export function numberState(name: string): readonly ValueColumn[] {
  return [{ name: `${name}.value`, words: WORDS }];
}

interface Fold {
  readonly rows: Int32Array;
  readonly validity: Validity | undefined;
  readonly source: Int32Array;
  readonly count: number;
}

/** Keeps the smallest or largest number of each row of a table. */
export class NumberExtremes implements Aggregate {
  readonly #end: End;
  readonly #table: StateTable;
  readonly #offset: number;

  constructor(end: End, place: { readonly table: StateTable; readonly offset: number }) {
    this.#end = end;
    this.#table = place.table;
    this.#offset = place.offset;
  }

  fold(
    rows: Int32Array,
    input: Column | undefined,
    source: Int32Array,
    count: number,
    diffs?: Int32Array,
  ): void {
    if (input === undefined || input.layout === "text" || input.layout === "bool") {
      throw new DataflowError(
        "DF_BUG",
        `This is a bug in dataflow: ${this.#end}() was given ${input?.layout} values`,
      );
    }
    if (diffs !== undefined) {
      for (let i = 0; i < count; i++) refuseRetraction(this.#end, diffs[source[i] as number] as number);
    }
    const fold = { rows, validity: input.validity, source, count };
    if (input.values instanceof BigInt64Array) this.#foldLongs(input.values, fold);
    else this.#foldNumbers(input.values, fold);
  }

  result(rows: Int32Array, count: number, into: ColumnBuilder): void {
    const { words, longs } = this.#table;
    for (let i = 0; i < count; i++) {
      const at = (rows[i] as number) + this.#offset;
      const kind = words[at + KIND];
      if (kind === NONE) into.null();
      else if (kind === NUMBER) into.number(words[at + VALUE] as number);
      else into.bigint(longs[at + VALUE] as bigint);
    }
  }

  merge(into: Int32Array, from: Int32Array, count: number): void {
    const { words, longs } = this.#table;
    for (let i = 0; i < count; i++) {
      const to = (into[i] as number) + this.#offset;
      const at = (from[i] as number) + this.#offset;
      const kind = words[at + KIND];
      if (kind === NUMBER) this.#number(to, words[at + VALUE] as number);
      else if (kind === LONG) this.#long(to, longs[at + VALUE] as bigint);
    }
  }

  #foldNumbers(values: Float64Array | Int32Array, { rows, validity, source, count }: Fold): void {
    const { words } = this.#table;
    const offset = this.#offset;
    const isMax = this.#end === "max";
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (validity !== undefined && validity[from] === 0) continue;
      const at = (rows[i] as number) + offset;
      // Adding 0 makes 0 of −0, so that ties leave one value whatever the order.
      const value = (values[from] as number) + 0;
      // Most values are no further than what is kept; NaN is neither, on either side.
      if (words[at + KIND] === NUMBER) {
        const old = words[at + VALUE] as number;
        if (isMax ? value <= old : value >= old) continue;
      }
      this.#number(at, value);
    }
  }

  #foldLongs(values: BigInt64Array, { rows, validity, source, count }: Fold): void {
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (validity !== undefined && validity[from] === 0) continue;
      const at = (rows[i] as number) + this.#offset;
      const value = values[from] as bigint;
      if (value <= 9007199254740991n && value >= -9007199254740991n) this.#number(at, Number(value));
      else this.#long(at, value);
    }
  }

  #number(at: number, value: number): void {
    const { words, longs } = this.#table;
    const kind = words[at + KIND];
    const isMax = this.#end === "max";
    if (kind === NUMBER) {
      const old = words[at + VALUE] as number;
      const isFurther = isMax
        ? value > old || Number.isNaN(value)
        : value < old || (Number.isNaN(old) && !Number.isNaN(value));
      if (!isFurther) return;
    } else if (kind === LONG && (longs[at + VALUE] as bigint) > 0n === isMax) return;
    words[at + KIND] = NUMBER;
    words[at + VALUE] = value;
  }

  #long(at: number, value: bigint): void {
    const { words, longs } = this.#table;
    const kind = words[at + KIND];
    const isMax = this.#end === "max";
    if (kind === NUMBER && value > 0n !== isMax) return;
    if (kind === LONG) {
      const old = longs[at + VALUE] as bigint;
      if (isMax ? value <= old : value >= old) return;
    }
    words[at + KIND] = LONG;
    longs[at + VALUE] = value;
  }
}
