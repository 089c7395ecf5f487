/** Bounds in the two forms in which they are told: to whoever asked for the file, and to its readers. */
import type { ColumnType, Field } from "@df/core";
import type { Bound, Bounds } from "./bounds.ts";
import type { ColumnStatistics } from "./encoder.ts";
import type { FileForm } from "./file-form.ts";
import { fixedBytes, fixedValue } from "./fixed-decimal.ts";

/** Bytes of text that a footer says of a bound at most. */
const BOUND_BYTES_MAX = 64;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The statistics of one column of a file, see `ColumnStatistics`. */
export function columnStatistics(
  field: Field,
  nullCount: number,
  bounds: Bounds | undefined,
): ColumnStatistics {
  const { name } = field;
  if (bounds === undefined || field.type.kind === "bytes" || field.type.kind === "json") {
    return { name, nullCount };
  }
  return { name, nullCount, min: plainBound(bounds.min), max: plainBound(bounds.max) };
}

function plainBound(bound: Bound): number | bigint | string {
  if (bound instanceof Uint8Array) return decoder.decode(bound);
  return bound === 0 ? 0 : bound;
}

/** A bound as PLAIN stores the value, and whether it is one of the values. */
export interface StoredBound {
  readonly bytes: Uint8Array;
  readonly isExact: boolean;
}

/**
 * The bounds of a chunk as its footer has them. None for doubles with a NaN among them: bounds leave NaN out, and
 * readers that count NaN as the largest value would skip its rows. A long text is cut, downward as `min` and upward as
 * `max`; where that is not possible there is no such bound.
 *
 * Source: parquet.thrift of apache/parquet-format, `Statistics` and `TypeDefinedOrder`.
 */
export function storedBounds(
  type: ColumnType,
  bounds: Bounds | undefined,
  form: Pick<FileForm, "decimals">,
): { readonly min?: StoredBound | undefined; readonly max?: StoredBound | undefined } {
  if (bounds === undefined || bounds.hasNaN) return {};
  if (type.kind === "decimal" && form.decimals === "fixed") {
    const width = fixedBytes(type.precision);
    const stored = (bound: Bound): StoredBound => ({
      bytes: fixedValue(BigInt(bound as bigint), width),
      isExact: true,
    });
    return { min: stored(bounds.min), max: stored(bounds.max) };
  }
  return { min: storedMin(type, bounds.min), max: storedMax(type, bounds.max) };
}

function storedMin(type: ColumnType, bound: Bound): StoredBound {
  // Readers may compare zeros by their bits: as a smallest value a zero is −0, as a largest one +0.
  if (!(bound instanceof Uint8Array)) return fixedBound(type, bound === 0 && isDouble(type) ? -0 : bound);
  if (bound.length <= BOUND_BYTES_MAX) return { bytes: bound, isExact: true };
  const end = type.kind === "bytes" ? BOUND_BYTES_MAX : characterStart(bound, BOUND_BYTES_MAX);
  return { bytes: bound.subarray(0, end), isExact: false };
}

function storedMax(type: ColumnType, bound: Bound): StoredBound | undefined {
  if (!(bound instanceof Uint8Array)) return fixedBound(type, bound === 0 ? 0 : bound);
  if (bound.length <= BOUND_BYTES_MAX) return { bytes: bound, isExact: true };
  // What is above a prefix is above all texts that begin with it. In UTF-8 only ASCII is raised, which leaves it valid.
  const raisedMax = type.kind === "bytes" ? 0xfe : 0x7e;
  for (let last = BOUND_BYTES_MAX - 1; last >= 0; last--) {
    const byte = bound[last] as number;
    if (byte > raisedMax) continue;
    const bytes = new Uint8Array(bound.subarray(0, last + 1));
    bytes[last] = byte + 1;
    return { bytes, isExact: false };
  }
  return undefined;
}

/** The last place up to `end` at which a character begins. */
function characterStart(text: Uint8Array, end: number): number {
  let start = end;
  while (start > 0 && ((text[start] as number) & 0xc0) === 0x80) start--;
  return start;
}

function isDouble(type: ColumnType): boolean {
  return type.kind === "float64";
}

function fixedBound(type: ColumnType, value: number | bigint): StoredBound {
  if (typeof value === "bigint") return exact(BigInt64Array.of(value));
  if (type.kind === "bool") return exact(Uint8Array.of(value));
  return exact(isDouble(type) ? Float64Array.of(value) : Int32Array.of(value));
}

/** Little-endian, as every platform that Node runs on here. */
function exact(value: BigInt64Array | Float64Array | Int32Array | Uint8Array): StoredBound {
  return { bytes: new Uint8Array(value.buffer), isExact: true };
}
