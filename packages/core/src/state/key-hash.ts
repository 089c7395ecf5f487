/**
 * Hashes of the in-memory index: MurmurHash3 x86 32 (Appleby, public domain), seeded anew in every process, so that
 * nobody can choose keys that collide. Never stored; what is stored is the frozen hash of batch/hash.ts.
 */

/** Which ints of a key are hashed: the plain ones, then the hash of each text. */
export interface HashedWords {
  readonly plainInts: number;
  /** Ints of a key. */
  readonly stride: number;
  readonly seed: number;
}

/** The hash of the key whose ints begin at `at`. Text references are left out. */
export function wordsHash(ints: Int32Array, at: number, { plainInts, stride, seed }: HashedWords): number {
  let hash = seed;
  for (let i = at; i < at + plainInts; i++) hash = mixed(hash, ints[i] as number);
  for (let i = at + plainInts + 1; i < at + stride; i += 2) hash = mixed(hash, ints[i] as number);
  return final(hash ^ stride);
}

/** The hashes of the first `count` keys of one plain word, as `wordsHash` gives them. */
export function hashWords(ints: Int32Array, count: number, seed: number, into: Int32Array): void {
  for (let i = 0, at = 0; i < count; i++, at += 2) {
    into[i] = final(mixed(mixed(seed, ints[at] as number), ints[at + 1] as number) ^ 2);
  }
}

/** The hash of the bytes `start .. end` of a view. */
export function textHash(bytes: DataView, start: number, end: number, seed: number): number {
  let hash = seed;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = mixed(hash, bytes.getInt32(at, true));
  let rest = 0;
  for (let shift = 0; at < end; at++, shift += 8) rest |= bytes.getUint8(at) << shift;
  return final(mixed(hash, rest) ^ (end - start));
}

function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

function final(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
