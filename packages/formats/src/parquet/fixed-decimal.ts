/** Decimals as FIXED_LEN_BYTE_ARRAY: two's complement, the highest byte first. */
import type { ByteSink } from "../byte-sink.ts";
import type { Int64Values } from "./values.ts";

/**
 * The fewest bytes that hold every unscaled value of a precision.
 *
 * Source: LogicalTypes.md of apache/parquet-format, "DECIMAL".
 */
export function fixedBytes(precision: number): number {
  let bytes = 1;
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes++;
  return bytes;
}

/** Appends the values `start .. end)` with `width` bytes each. */
export function writeFixed(
  { values }: Int64Values,
  { start, end }: { readonly start: number; readonly end: number },
  width: number,
  out: ByteSink,
): void {
  out.reserve((end - start) * width);
  const { bytes } = out;
  let to = out.length;
  for (let i = start; i < end; i++) {
    const low = values[2 * i] as number;
    const high = values[2 * i + 1] as number;
    for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      bytes[to++] = shift < 32 ? low >>> shift : high >>> (shift - 32);
    }
  }
  out.length = to;
}

/** One value. */
export function fixedValue(value: bigint, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) =>
    Number(BigInt.asUintN(8, value >> BigInt(8 * (width - 1 - i)))),
  );
}
