import type { TextColumn } from "./column.ts";

/** Text of rows, one slice a row. */
export type Slices = Pick<TextColumn, "starts" | "ends" | "bytes">;

/** Text of rows that lies in their order, without a gap: row i is `bytes[places[i] .. places[i + 1])`. */
export interface PackedText {
  readonly bytes: Uint8Array;
  readonly places: Int32Array;
}

/** Bytes from which on a native copy is faster than a loop. */
const NATIVE_BYTES_MIN = 256;

/** Bytes of the text of rows `start .. end)`. */
export function textBytes({ starts, ends }: Slices, start: number, end: number): number {
  let bytes = 0;
  for (let row = start; row < end; row++) bytes += (ends[row] as number) - (starts[row] as number);
  return bytes;
}

/** Copies the text of rows behind that of the first `row` rows of `into`, which has room for it. */
export function packText(
  from: Slices,
  { start, end }: { readonly start: number; readonly end: number },
  into: PackedText,
  row: number,
): void {
  const { starts, ends, bytes } = from;
  const { places } = into;
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const target = new DataView(into.bytes.buffer, into.bytes.byteOffset, into.bytes.byteLength);
  let to = places[row] as number;
  for (let i = start; i < end; i++) {
    const stop = ends[i] as number;
    let at = starts[i] as number;
    if (stop - at >= NATIVE_BYTES_MIN) {
      into.bytes.set(bytes.subarray(at, stop), to);
      to += stop - at;
      at = stop;
    }
    for (; at + 4 <= stop; at += 4, to += 4) target.setInt32(to, source.getInt32(at, true), true);
    for (; at < stop; at++) target.setUint8(to++, source.getUint8(at));
    places[row + i - start + 1] = to;
  }
}

/** Packed text of `rows` rows as slices. */
export function slicesOf({ bytes, places }: PackedText, rows: number): Slices {
  return { starts: places.subarray(0, rows), ends: places.subarray(1, rows + 1), bytes };
}
