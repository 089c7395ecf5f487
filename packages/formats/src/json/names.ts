const encoder = new TextEncoder();

/** Finds names by their UTF-8 bytes without making strings: a hash table with chains. */
export class Names {
  /** All names, one behind the other; name i is `#bytes[#ends[i − 1] .. #ends[i])`. */
  readonly #bytes: Uint8Array;
  readonly #ends: Int32Array;
  readonly #mask: number;
  /** First name of each chain, then the next one of each name; −1 ends a chain. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;

  /** The names, each once. */
  constructor(names: readonly string[]) {
    const encoded = names.map((name) => encoder.encode(name));
    this.#bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0));
    this.#ends = new Int32Array(names.length);
    const slots = 2 ** Math.ceil(Math.log2(names.length * 2 + 1));
    this.#mask = slots - 1;
    this.#first = new Int32Array(slots).fill(-1);
    this.#next = new Int32Array(names.length);
    let end = 0;
    for (const [index, name] of encoded.entries()) {
      this.#bytes.set(name, end);
      this.#ends[index] = end += name.length;
      const slot = hashOf(name, 0, name.length) & this.#mask;
      this.#next[index] = this.#first[slot] as number;
      this.#first[slot] = index;
    }
  }

  /** Index of the name `bytes[start .. end)`, −1 if it is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let index = this.#first[hashOf(bytes, start, end) & this.#mask] as number;
    while (index >= 0 && this.endAt(index, bytes, start) !== end) index = this.#next[index] as number;
    return index;
  }

  /** The place behind a name if its bytes stand at `start`, else −1. */
  endAt(index: number, bytes: Uint8Array, start: number): number {
    const names = this.#bytes;
    const end = this.#ends[index] as number;
    let at = start;
    for (let i = index === 0 ? 0 : (this.#ends[index - 1] as number); i < end; i++, at++) {
      if (bytes[at] !== names[i]) return -1;
    }
    return at;
  }
}

/** Length and both ends: enough to tell most columns of a schema apart, and chains are compared in full. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  const middle = bytes[(start + end) >> 1] as number;
  return (end - start) * 7 + (bytes[start] as number) * 31 + middle * 131 + (bytes[end - 1] as number) * 521;
}
