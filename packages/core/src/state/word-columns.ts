/** Columns of words of a table's rows, read in loops of loads and stores alone. */
import type { ColumnBuilder } from "../batch/builder.ts";

const TWO_32 = 4294967296;

/** Words at `places[i] * stride + word`, for i below `count`. */
export interface WordPlaces {
  readonly places: Int32Array;
  readonly count: number;
  readonly stride: number;
  readonly word: number;
}

/** Appends words as numbers. */
export function appendDoubles(words: Float64Array, at: WordPlaces, into: ColumnBuilder): void {
  const begin = into.length;
  const end = begin + at.count;
  const numbers = into.room(end);
  if (numbers instanceof Float64Array) readDoubles(words, at, numbers, begin);
  else {
    const { places, count, stride, word } = at;
    for (let i = 0; i < count; i++)
      numbers[begin + i] = words[(places[i] as number) * stride + word] as number;
  }
  into.placed(end);
}

/** Appends words that are an int64 each; `longs` are the same words. */
export function appendLongs(
  ints: Int32Array,
  longs: BigInt64Array,
  at: WordPlaces,
  into: ColumnBuilder,
): void {
  const { places, count, stride, word } = at;
  const begin = into.length;
  const numbers = into.room(begin + count);
  if (numbers instanceof Float64Array && readLongs(ints, at, numbers, begin)) {
    into.placed(begin + count);
    return;
  }
  for (let i = 0; i < count; i++) into.bigint(longs[(places[i] as number) * stride + word] as bigint);
}

/** Appends the lower halves of words, which are an int each. */
export function appendInts(ints: Int32Array, at: WordPlaces, into: ColumnBuilder): void {
  const { places, count, stride, word } = at;
  const begin = into.length;
  const numbers = into.room(begin + count);
  for (let i = 0; i < count; i++) {
    numbers[begin + i] = ints[((places[i] as number) * stride + word) * 2] as number;
  }
  into.placed(begin + count);
}

function readDoubles(
  words: Float64Array,
  { places, count, stride, word }: WordPlaces,
  into: Float64Array,
  begin: number,
): void {
  for (let i = 0; i < count; i++) into[begin + i] = words[(places[i] as number) * stride + word] as number;
}

/** False where a value is no safe integer. */
function readLongs(
  ints: Int32Array,
  { places, count, stride, word }: WordPlaces,
  into: Float64Array,
  begin: number,
): boolean {
  for (let i = 0; i < count; i++) {
    const at = ((places[i] as number) * stride + word) * 2;
    const high = ints[at + 1] as number;
    const low = (ints[at] as number) >>> 0;
    // Strictly within ±2^53: −2^53 itself is not a safe integer.
    if (high >= 0x200000 || high < -0x200000 || (high === -0x200000 && low === 0)) return false;
    into[begin + i] = high * TWO_32 + low;
  }
  return true;
}
