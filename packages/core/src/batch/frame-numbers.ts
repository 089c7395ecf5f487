/**
 * Numbers of a block as what each is above the lowest one: ids, times and amounts of neighbouring rows lie near to
 * each other, and take a half or less of what they take as doubles. A base (f64), then that (u8, u16 or u32 a row, or
 * nothing where all are equal).
 */
import { unreachable } from "../assert.ts";
import type { Arrays } from "./arrays.ts";
import { aligned } from "./frame-block.ts";
import type { Part } from "./frame-plan.ts";

/** Bytes that a row takes above the base. */
type AboveBytes = 0 | 1 | 2 | 4;

/** Numbers that are written above a base. */
export interface Above {
  readonly base: number;
  readonly bytes: AboveBytes;
}

const TWO_8 = 2 ** 8;
const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
/** Where a flag tells them: 0 for numbers as they are, else 1 and the bytes above the base. */
const FLAG_SHIFT = 8;

/** The flag of numbers; none are written as they are. */
export function aboveFlag(above: Above | undefined): number {
  return above === undefined ? 0 : (above.bytes + 1) << FLAG_SHIFT;
}

/** What a flag says of the bytes above the base; undefined for numbers as they are. */
export function flaggedBytes(flags: number): AboveBytes | undefined {
  const told = (flags >>> FLAG_SHIFT) & 0xff;
  return told === 0 ? undefined : ((told - 1) as AboveBytes);
}

/** Bytes of numbers with their base. */
export function aboveBytes(rows: number, { bytes }: Above): number {
  return 8 + aligned(rows * bytes);
}

/** How doubles are written in fewer bytes; undefined where that takes as many, or they would not be what they were. */
export function planDoubles(parts: readonly Part<Float64Array>[], rows: number): Above | undefined {
  const range = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  for (const { of: values, start, end } of parts) if (!widened(range, values, start, end)) return undefined;
  const { low, high } = range;
  if (rows === 0 || (low !== high && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))))
    return undefined;
  const span = high - low;
  const bytes = low === high ? 0 : span < TWO_8 ? 1 : span < TWO_16 ? 2 : span < TWO_32 ? 4 : undefined;
  if (bytes === undefined) return undefined;
  const above: Above = { base: low, bytes };
  return aboveBytes(rows, above) < rows * 8 ? above : undefined;
}

/** As `planDoubles`, for ints: only where all are equal. */
export function planInts(parts: readonly Part<Int32Array>[], rows: number): Above | undefined {
  const first = parts[0]?.of[parts[0].start];
  if (first === undefined || aligned(rows * 4) <= 8) return undefined;
  for (const { of: values, start, end } of parts) {
    for (let row = start; row < end; row++) if (values[row] !== first) return undefined;
  }
  return { base: first, bytes: 0 };
}

/** Writes what doubles are above the base, at a multiple of eight of a buffer. */
export function writeAbove(
  parts: readonly Part<Float64Array>[],
  { base, bytes }: Above,
  buffer: ArrayBuffer,
  at: number,
): void {
  let row = 0;
  for (const { of: values, start, end } of parts) {
    const some = values.subarray(start, end);
    if (bytes === 1) writeBytes(some, base, new Uint8Array(buffer, at + row, some.length));
    else if (bytes === 2) writeShorts(some, base, new Uint16Array(buffer, at + row * 2, some.length));
    else if (bytes === 4) writeWords(some, base, new Uint32Array(buffer, at + row * 4, some.length));
    row += some.length;
  }
}

/** The doubles of which so many bytes a row stand at `at`, a multiple of eight of a buffer. */
export function readAbove(
  buffer: ArrayBuffer,
  at: number,
  length: number,
  { above: { base, bytes }, arrays }: { readonly above: Above; readonly arrays: Arrays },
): Float64Array {
  const values = arrays.doubles(length).subarray(0, length);
  switch (bytes) {
    case 0:
      values.fill(base);
      return values;
    case 1:
      readBytes(new Uint8Array(buffer, at, length), base, values);
      return values;
    case 2:
      readShorts(new Uint16Array(buffer, at, length), base, values);
      return values;
    case 4:
      readWords(new Uint32Array(buffer, at, length), base, values);
      return values;
    default:
      return unreachable(bytes);
  }
}

/** Makes a range wide enough for values; false where one is no integer, or the other zero. */
function widened(
  range: { low: number; high: number },
  values: Float64Array,
  start: number,
  end: number,
): boolean {
  let { low, high } = range;
  for (let row = start; row < end; row++) {
    const value = values[row] as number;
    if (Math.floor(value) !== value || (value === 0 && 1 / value < 0)) return false;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  range.low = low;
  range.high = high;
  return true;
}

// A loop for each kind of array: V8 compiles each for its own.

function writeBytes(values: Float64Array, base: number, into: Uint8Array): void {
  for (let row = 0; row < values.length; row++) into[row] = (values[row] as number) - base;
}

function writeShorts(values: Float64Array, base: number, into: Uint16Array): void {
  for (let row = 0; row < values.length; row++) into[row] = (values[row] as number) - base;
}

function writeWords(values: Float64Array, base: number, into: Uint32Array): void {
  for (let row = 0; row < values.length; row++) into[row] = (values[row] as number) - base;
}

function readBytes(from: Uint8Array, base: number, into: Float64Array): void {
  for (let row = 0; row < from.length; row++) into[row] = base + (from[row] as number);
}

function readShorts(from: Uint16Array, base: number, into: Float64Array): void {
  for (let row = 0; row < from.length; row++) into[row] = base + (from[row] as number);
}

function readWords(from: Uint32Array, base: number, into: Float64Array): void {
  for (let row = 0; row < from.length; row++) into[row] = base + (from[row] as number);
}
