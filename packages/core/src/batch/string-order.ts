/** The order of byte strings: by counting, two bytes at a time, where a sort would call a function per comparison. */
import { type ByteStrings, compareStrings, startOf, stringAt } from "./byte-strings.ts";

/** Bytes that are counted at most: strings that these do not tell apart are compared. */
const COUNTED_BYTES = 8;
/** Fewer strings are compared with less work. */
const COUNTED_MIN = 256;
/** Values of a digit of two bytes, and of the first byte of a string that may have none. */
const DIGITS = 65_536;
const LEADS = 257;

/** The numbers of the strings, ascending byte by byte; of equal ones the earlier first. */
export function orderOf(strings: ByteStrings): Uint32Array {
  const order = new Uint32Array(strings.ends.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  if (isAscending(strings)) return order;
  // Few that begin otherwise than all others would have places differ that are else the same.
  const leads = Uint16Array.from(order, (i) => leadOf(strings, i));
  const byLead = new Uint32Array(order.length);
  scatter(leads, LEADS, { from: order, to: byLead });
  for (let start = 0, end = 0; start < byLead.length; start = end) {
    const lead = leads[byLead[start] as number];
    for (end = start + 1; end < byLead.length && leads[byLead[end] as number] === lead;) end++;
    orderPart(strings, byLead.subarray(start, end));
  }
  return byLead;
}

function isAscending(strings: ByteStrings): boolean {
  for (let i = 1; i < strings.ends.length; i++) {
    if (compareStrings(strings, i - 1, strings, i) > 0) return false;
  }
  return true;
}

/** The first byte of a string, and one more; 0 for no bytes. */
function leadOf(strings: ByteStrings, i: number): number {
  const start = startOf(strings, i);
  return start === strings.ends[i] ? 0 : 1 + (strings.bytes[start] as number);
}

/** Puts some strings in order; `part` has their numbers, ascending. */
function orderPart(strings: ByteStrings, part: Uint32Array): void {
  const compare = (a: number, b: number): number => compareStrings(strings, a, strings, b) || a - b;
  if (part.length < COUNTED_MIN) {
    part.sort(compare);
    return;
  }
  const places = differingPlaces(strings, part);
  const digits: Uint16Array[] = [];
  for (let k = 0; k < Math.min(COUNTED_BYTES, places.length); k += 2)
    digits.push(digitsAt(strings, part, places[k] as number, places[k + 1]));
  let order = Uint32Array.from(part.keys());
  let other = new Uint32Array(part.length);
  // The last digit first: each pass keeps the order of those before it.
  for (const digit of digits.toReversed()) {
    scatter(digit, DIGITS, { from: order, to: other });
    [order, other] = [other, order];
  }
  const numbers = part.slice();
  for (let i = 0; i < part.length; i++) part[i] = numbers[order[i] as number] as number;
  if (places.length <= COUNTED_BYTES && haveOneLength(strings, part)) return;
  for (let start = 0, end = 0; start < part.length; start = end) {
    const first = order[start] as number;
    for (end = start + 1; end < part.length && areEqual(digits, first, order[end] as number);) end++;
    if (end - start > 1) part.subarray(start, end).sort(compare);
  }
}

function haveOneLength(strings: ByteStrings, part: Uint32Array): boolean {
  const lengthOf = (i: number): number => (strings.ends[i] as number) - startOf(strings, i);
  const length = lengthOf(part[0] as number);
  for (let i = 1; i < part.length; i++) if (lengthOf(part[i] as number) !== length) return false;
  return true;
}

/**
 * Where some strings are not all the same, counted from their beginnings, ascending; behind its end a string has zeros.
 * Places behind the end of the first string are all among them, if there are longer ones.
 */
function differingPlaces(strings: ByteStrings, part: Uint32Array): readonly number[] {
  const { bytes, ends } = strings;
  const first = stringAt(strings, part[0] as number);
  /** Places where no string was found to differ: soon few. */
  const same = new Int32Array(first.keys());
  let count = same.length;
  let longest = first.length;
  for (let i = 1; i < part.length; i++) {
    const string = part[i] as number;
    const start = startOf(strings, string);
    const length = (ends[string] as number) - start;
    if (length > longest) longest = length;
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const place = same[k] as number;
      const byte = place < length ? (bytes[start + place] as number) : 0;
      if (byte === first[place]) same[kept++] = place;
    }
    count = kept;
  }
  const equal = new Set(same.subarray(0, count));
  return Array.from({ length: longest }, (_, place) => place).filter((place) => !equal.has(place));
}

/** Two bytes of some strings, as numbers; without a second place the first alone. */
function digitsAt(
  strings: ByteStrings,
  part: Uint32Array,
  high: number,
  low: number | undefined,
): Uint16Array {
  const { bytes, ends } = strings;
  const digits = new Uint16Array(part.length);
  for (let i = 0; i < part.length; i++) {
    const string = part[i] as number;
    const start = startOf(strings, string);
    const end = ends[string] as number;
    const upper = start + high < end ? (bytes[start + high] as number) : 0;
    const lower = low !== undefined && start + low < end ? (bytes[start + low] as number) : 0;
    digits[i] = upper * 256 + lower;
  }
  return digits;
}

/** Writes what stands in `from` to `to`, ascending by its digit, below `limit`; what has one digit stays in its order. */
function scatter(
  digit: Uint16Array,
  limit: number,
  { from, to }: { readonly from: Uint32Array; readonly to: Uint32Array },
): void {
  const ends = new Uint32Array(limit);
  for (let i = 0; i < digit.length; i++) ends[digit[i] as number] = (ends[digit[i] as number] as number) + 1;
  for (let value = 1; value < limit; value++)
    ends[value] = (ends[value] as number) + (ends[value - 1] as number);
  for (let i = from.length - 1; i >= 0; i--) {
    const string = from[i] as number;
    const value = digit[string] as number;
    const at = (ends[value] as number) - 1;
    ends[value] = at;
    to[at] = string;
  }
}

function areEqual(digits: readonly Uint16Array[], a: number, b: number): boolean {
  for (let k = 0; k < digits.length; k++) {
    if ((digits[k] as Uint16Array)[a] !== (digits[k] as Uint16Array)[b]) return false;
  }
  return true;
}
