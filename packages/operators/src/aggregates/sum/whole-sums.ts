import type { IntColumn, LongColumn, StateTable, ValueColumn } from "@df/core";

// A row: how many values, and the sum as HIGH · 2^52 + LOW, both whole numbers below 2^53. HIGH has room for 2^41
// values of 64 bits, so that no order of adding can overflow; whether the sum fits its type is asked when it is read.
const COUNT = 0;
const LOW = 1;
const HIGH = 2;
const WORDS = 3;

const RADIX = 2 ** 52;

/** The part of a table's row that a sum of whole numbers needs. */
export function wholeSumState(name: string): readonly ValueColumn[] {
  return [{ name: `${name}.sum`, words: WORDS }];
}

/** Which rows of a column go to which rows of the table, as in `Aggregate.fold`. */
export interface Fold {
  readonly rows: Int32Array;
  readonly source: Int32Array;
  readonly count: number;
  readonly diffs?: Int32Array | undefined;
}

/** Exact sums of int32, int64 and unscaled decimals in rows of a table; order plays no part. */
export class WholeSums {
  readonly #table: StateTable;
  readonly #offset: number;

  constructor(table: StateTable, offset: number) {
    this.#table = table;
    this.#offset = offset;
  }

  /** Adds values to rows, `diffs` times each; nulls are passed over. */
  fold(column: IntColumn | LongColumn, fold: Fold): void {
    const { values } = column;
    if (values instanceof BigInt64Array) this.#foldWide(values, column.validity, fold);
    else this.#foldNumbers(values, column.validity, fold);
  }

  /** Values added less those taken back. */
  count(row: number): number {
    return this.#table.words[row + this.#offset + COUNT] as number;
  }

  /** The sum, exactly. */
  sum(row: number): bigint {
    const { words } = this.#table;
    const at = row + this.#offset;
    return (BigInt(words[at + HIGH] as number) << 52n) + BigInt(words[at + LOW] as number);
  }

  /** The sum where the low word holds all of it, and so it is below 2^53; else undefined. */
  safeSum(row: number): number | undefined {
    const { words } = this.#table;
    const at = row + this.#offset;
    return words[at + HIGH] === 0 ? (words[at + LOW] as number) : undefined;
  }

  /** Adds the sum in row `from` to row `into`. */
  merge(into: number, from: number): void {
    const { words } = this.#table;
    const a = into + this.#offset;
    const b = from + this.#offset;
    addSafe(words, a, words[b + LOW] as number);
    words[a + HIGH] = (words[a + HIGH] as number) + (words[b + HIGH] as number);
    words[a + COUNT] = (words[a + COUNT] as number) + (words[b + COUNT] as number);
  }

  #foldNumbers(
    values: Float64Array | Int32Array,
    validity: Uint8Array | undefined,
    { rows, source, count, diffs }: Fold,
  ): void {
    const { words } = this.#table;
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (validity !== undefined && validity[from] === 0) continue;
      const diff = diffs === undefined ? 1 : (diffs[from] as number);
      const at = (rows[i] as number) + this.#offset;
      const value = (values[from] as number) * diff;
      words[at + COUNT] = (words[at + COUNT] as number) + diff;
      if (Number.isSafeInteger(value)) addSafe(words, at, value);
      else addWide(words, at, BigInt(values[from] as number) * BigInt(diff));
    }
  }

  #foldWide(
    values: BigInt64Array,
    validity: Uint8Array | undefined,
    { rows, source, count, diffs }: Fold,
  ): void {
    const { words } = this.#table;
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (validity !== undefined && validity[from] === 0) continue;
      const diff = diffs === undefined ? 1 : (diffs[from] as number);
      const at = (rows[i] as number) + this.#offset;
      words[at + COUNT] = (words[at + COUNT] as number) + diff;
      addWide(words, at, (values[from] as bigint) * BigInt(diff));
    }
  }
}

/** Adds a whole number below 2^53; what the low word cannot hold moves up. */
function addSafe(words: Float64Array, at: number, value: number): void {
  const low = words[at + LOW] as number;
  const sum = low + value;
  if (Number.isSafeInteger(sum)) {
    words[at + LOW] = sum;
    return;
  }
  const carried = Math.trunc(low / RADIX);
  const up = Math.trunc(value / RADIX);
  words[at + HIGH] = (words[at + HIGH] as number) + carried + up;
  words[at + LOW] = low - carried * RADIX + (value - up * RADIX);
}

function addWide(words: Float64Array, at: number, value: bigint): void {
  const low = BigInt.asIntN(52, value);
  words[at + HIGH] = (words[at + HIGH] as number) + Number((value - low) >> 52n);
  addSafe(words, at, Number(low));
}
