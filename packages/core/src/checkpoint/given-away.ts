import type { ByteStrings } from "../batch/byte-strings.ts";
import type { IndexChanges } from "../connector.ts";
import type { Checkpoint, HeldFrame } from "./records.ts";

/** Something with bytes that another thread takes over. */
interface Carrier {
  readonly bytes: Uint8Array;
}

/**
 * The memory behind bytes that can be given to another thread instead of being copied: what no other array has a part
 * in. Whoever gives it away cannot read it any more.
 */
export function givenAway(carriers: readonly Carrier[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { bytes } of carriers) {
    const { buffer } = bytes;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
    // No bytes are of no use to anybody, and may be those of a constant.
    if (isWhole && bytes.byteLength > 0) buffers.add(buffer);
  }
  return [...buffers];
}

/** All that has bytes in what a call gives to the state for good: checkpoints, rows ahead, changes of an index. */
export function carriersOf(method: string, given: readonly unknown[]): readonly Carrier[] {
  if (method === "hold") return given[1] as readonly HeldFrame[];
  if (method === "storeIntent") {
    const { keys, values } = given[1] as IndexChanges;
    return [keys, values, endsOf(keys), endsOf(values)];
  }
  if (method !== "commit") return [];
  const { chunks, held } = given[0] as Checkpoint;
  return [...chunks, ...held];
}

function endsOf({ ends: { buffer, byteOffset, byteLength } }: ByteStrings): Carrier {
  return { bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

/** Frees the memory behind bytes that nobody reads any more. A thread that makes little garbage collects it late. */
export function discard(carriers: readonly Carrier[]): void {
  for (const buffer of givenAway(carriers)) buffer.transfer(0);
}

/**
 * Gives memory away for the first time, as nothing yet depends on it. When that happens later, V8 throws away all it
 * has compiled that reads arrays, 170 functions at the first checkpoint, and compiles it anew: it had relied on arrays
 * keeping their memory.
 */
export function expectGivingAway(): void {
  new ArrayBuffer(1).transfer(0);
}
