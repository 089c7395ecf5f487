/** Distinct values of a chunk, if there are few enough that codes are shorter than the values. */
import { textSize } from "./plain.ts";
import { pickValues } from "./values.ts";
import type { Int32Values, Int64Values, TextValues, Values } from "./values.ts";

/** What a dictionary may hold. */
export interface DictionaryLimits {
  /** Bytes of its page. */
  readonly dictionaryBytes: number;
  /** Distinct values, at most 2^24. */
  readonly dictionaryValues: number;
}

/** `codes[i]` is the place of value i among the distinct values. */
export interface Dictionary {
  readonly distinct: Int32Values | Int64Values | TextValues;
  readonly codes: Int32Array;
}

/** After so many values, most of them distinct, it is given up: each further one would be put in for nothing. */
export const TRIAL_VALUES = 16_384;
export const TRIAL_DISTINCT_MAX: number = TRIAL_VALUES * 0.75;
/** Steps past other values that a value may cost on average. More means that their hashes were chosen to collide. */
export const STEPS_PER_VALUE = 16;

/** Finds the codes of values, of which there is one at least; undefined where there are too many. */
type CodesOf = (
  values: Int32Values | Int64Values | TextValues,
  limits: DictionaryLimits,
) => Dictionary | undefined;

/** The dictionary of the values; undefined where it does not pay, and for bools and doubles, which have none. */
export function dictionaryOf(
  values: Values,
  limits: DictionaryLimits,
  find: CodesOf = codesOf,
): Dictionary | undefined {
  // Readers put values of a double's dictionary into hash maps, where −0 may be 0.
  if (values.kind === "bool" || values.kind === "double" || values.count === 0) return undefined;
  const found = find(values, limits);
  return found !== undefined && pays(values, found) ? found : undefined;
}

/** Distinct values that a dictionary of these may have at most. */
export function distinctLimit(
  { kind, count }: Int32Values | Int64Values | TextValues,
  { dictionaryBytes, dictionaryValues }: DictionaryLimits,
): number {
  const max = Math.min(dictionaryValues, count);
  return kind === "text" ? max : Math.min(max, Math.floor(dictionaryBytes / (kind === "int32" ? 4 : 8)));
}

/** See `CodesOf`. */
export function codesOf(
  values: Int32Values | Int64Values | TextValues,
  limits: DictionaryLimits,
): Dictionary | undefined {
  const distinctMax = distinctLimit(values, limits);
  const table = new Int32Array(2 ** Math.ceil(Math.log2(distinctMax * 2 + 2)));
  return values.kind === "text"
    ? textDictionary(values, distinctMax, limits.dictionaryBytes, table)
    : intDictionary(values, distinctMax, table);
}

/** Bits of a code. One at least, as some readers do not expect codes of none. */
export function codeBits({ distinct }: Dictionary): number {
  return Math.max(1, 32 - Math.clz32(distinct.count - 1));
}

/** Whether dictionary and codes are smaller than the values themselves, and not by a trifle. */
function pays(values: Int32Values | Int64Values | TextValues, dictionary: Dictionary): boolean {
  const codesBytes = (values.count * codeBits(dictionary)) / 8;
  return plainSize(dictionary.distinct) + codesBytes < plainSize(values) * 0.9;
}

function plainSize(values: Int32Values | Int64Values | TextValues): number {
  const { kind, count } = values;
  return kind === "text" ? textSize(values, 0, count) : count * (kind === "int32" ? 4 : 8);
}

/** Both words of an int64, or an int32 twice. The table holds codes, plus one so that 0 is empty. */
function intDictionary(
  all: Int32Values | Int64Values,
  distinctMax: number,
  table: Int32Array,
): Dictionary | undefined {
  const { kind, count, values } = all;
  const stride = kind === "int32" ? 1 : 2;
  const mask = table.length - 1;
  const codes = new Int32Array(count);
  const firsts = new Int32Array(distinctMax);
  let distinct = 0;
  let steps = count * STEPS_PER_VALUE;
  for (let i = 0; i < count; i++) {
    const lower = values[i * stride] as number;
    const upper = values[i * stride + stride - 1] as number;
    const mixed = Math.imul(lower ^ Math.imul(upper, 0x85ebca6b), 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    let code = (table[slot] as number) - 1;
    while (code >= 0) {
      const first = (firsts[code] as number) * stride;
      if (values[first] === lower && values[first + stride - 1] === upper) break;
      if (steps-- === 0) return undefined;
      slot = (slot + 1) & mask;
      code = (table[slot] as number) - 1;
    }
    if (code < 0) {
      if (distinct === distinctMax || (i === TRIAL_VALUES && distinct > TRIAL_DISTINCT_MAX)) return undefined;
      code = distinct++;
      table[slot] = distinct;
      firsts[code] = i;
    }
    codes[i] = code;
  }
  return { distinct: pickValues(all, firsts.subarray(0, distinct)), codes };
}

function textDictionary(
  values: TextValues,
  distinctMax: number,
  bytesMax: number,
  table: Int32Array,
): Dictionary | undefined {
  const { count, starts, ends } = values;
  const mask = table.length - 1;
  const codes = new Int32Array(count);
  const firsts = new Int32Array(distinctMax);
  let distinct = 0;
  let bytesLeft = bytesMax;
  let steps = count * STEPS_PER_VALUE;
  for (let i = 0; i < count; i++) {
    const start = starts[i] as number;
    const length = (ends[i] as number) - start;
    // A text that would not fit is not even hashed.
    if (length + 4 > bytesMax) return undefined;
    let slot = hashOf(values, start, length) & mask;
    let code = (table[slot] as number) - 1;
    while (code >= 0) {
      const first = firsts[code] as number;
      const firstStart = starts[first] as number;
      if ((ends[first] as number) - firstStart === length && areEqual(values, firstStart, start, length))
        break;
      if (steps-- === 0) return undefined;
      slot = (slot + 1) & mask;
      code = (table[slot] as number) - 1;
    }
    if (code < 0) {
      bytesLeft -= length + 4;
      if (distinct === distinctMax || bytesLeft < 0) return undefined;
      if (i === TRIAL_VALUES && distinct > TRIAL_DISTINCT_MAX) return undefined;
      code = distinct++;
      table[slot] = distinct;
      firsts[code] = i;
    }
    codes[i] = code;
  }
  return { distinct: pickValues(values, firsts.subarray(0, distinct)), codes };
}

function hashOf({ bytes, view }: TextValues, start: number, length: number): number {
  const end = start + length;
  let hash = length;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x9e3779b1);
  return hash ^ (hash >>> 13);
}

function areEqual({ bytes, view }: TextValues, a: number, b: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
  }
  for (; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
