/** Parquet's hybrid of run lengths and bit packing, for definition levels and for codes of a dictionary. */
import type { ByteSink } from "../byte-sink.ts";

/** Equal values from which on a run is shorter than packed bits, also for levels of one bit. */
export const RUN_MIN = 32;

/** Appends one run: `count` times the value. */
export function writeRun(value: number, count: number, width: number, out: ByteSink): void {
  out.varint(count * 2);
  for (let bits = 0; bits < width; bits += 8) out.byte((value >> bits) & 0xff);
}

/**
 * Appends `values[start .. end)`, each below 2^`width`, width 1 to 24, as runs and as packed groups of eight.
 *
 * Source: Encodings.md of apache/parquet-format, "Run Length Encoding / Bit-Packing Hybrid".
 */
export function writeHybrid(
  values: Int32Array | Uint8Array,
  range: { readonly start: number; readonly end: number },
  width: number,
  out: ByteSink,
): void {
  const { end } = range;
  let packedAt = range.start;
  let at = packedAt;
  while (at < end) {
    const runEnd = endOfRun(values, at, end);
    if (runEnd - at >= RUN_MIN) {
      writePacked(values, packedAt, at, width, out);
      writeRun(values[at] as number, runEnd - at, width, out);
      at = runEnd;
      packedAt = at;
    } else {
      // Only the last packed run may end within a group of eight.
      at = Math.min(end, at + 8);
    }
  }
  writePacked(values, packedAt, end, width, out);
}

function endOfRun(values: Int32Array | Uint8Array, start: number, end: number): number {
  const value = values[start];
  let at = start + 1;
  while (at < end && values[at] === value) at++;
  return at;
}

function writePacked(
  values: Int32Array | Uint8Array,
  start: number,
  end: number,
  width: number,
  out: ByteSink,
): void {
  if (start === end) return;
  const groups = Math.ceil((end - start) / 8);
  out.varint(groups * 2 + 1);
  out.reserve(groups * width);
  packBits(values, start, end, width, out);
}

/** Appends the values as whole groups of eight, lowest bit first, the last group filled up with zeros. */
function packBits(
  values: Int32Array | Uint8Array,
  start: number,
  end: number,
  width: number,
  out: ByteSink,
): void {
  const { bytes, view } = out;
  const packedEnd = out.length + Math.ceil((end - start) / 8) * width;
  let to = out.length;
  let word = 0;
  let bits = 0;
  for (let i = start; i < end; i++) {
    const value = values[i] as number;
    word |= value << bits;
    bits += width;
    if (bits < 32) continue;
    view.setInt32(to, word, true);
    to += 4;
    bits -= 32;
    // What of the value did not fit: nothing where all of its bits are shifted out.
    word = value >>> (width - bits);
  }
  for (; bits > 0; bits -= 8, word >>>= 8) bytes[to++] = word;
  bytes.fill(0, to, packedEnd);
  out.length = packedEnd;
}

/** Appends bools, 0 or 1, as PLAIN does: eight a byte, without a header. */
export function writeBools(values: Uint8Array, start: number, end: number, out: ByteSink): void {
  out.reserve(Math.ceil((end - start) / 8));
  packBits(values, start, end, 1, out);
}
