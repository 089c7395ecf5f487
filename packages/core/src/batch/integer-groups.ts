/** Key groups of keys that are one whole number, as most keys are: in registers, without their canonical bytes. */
import { hashOfNine } from "./hash.ts";

const TWO_32 = 4294967296;
/** Above the 25 lower bits of a hash: see `keyGroupOf`. */
const GROUP_SHIFT = 25;

/**
 * Writes the key group of each value: of the hash of its canonical bytes, which are 01 and eight more, big-endian, with
 * the sign bit flipped. Values are safe integers.
 */
export function writeIntegerGroups(
  values: Float64Array | Int32Array,
  { first, end }: { readonly first: number; readonly end: number },
  out: Uint8Array,
): void {
  if (values instanceof Int32Array)
    for (let row = first; row < end; row++) {
      const value = values[row] as number;
      out[row - first] = groupOf((value >> 31) ^ 0x80000000, value);
    }
  else
    for (let row = first; row < end; row++) {
      const value = values[row] as number;
      const low = value | 0;
      const high = low === value ? low >> 31 : Math.floor(value / TWO_32);
      out[row - first] = groupOf(high ^ 0x80000000, low);
    }
}

function groupOf(high: number, low: number): number {
  const upper = swapped(high);
  const lower = swapped(low);
  return hashOfNine((upper << 8) | 1, (lower << 8) | (upper >>> 24), lower >>> 24) >>> GROUP_SHIFT;
}

/** The four bytes of a word in reverse order. */
function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
