import { assert } from "../assert.ts";
import { DataflowError } from "../error.ts";
import { hash128 } from "./hash.ts";

/** Bytes of a row's hash. */
export const ROW_HASH_BYTES = 16;

/** Rows whose hashes are added at once at most: so many words, each so many times, have an exact sum in a double. */
export const HASHES_MAX = 1024;
const TIMES_MAX = 1024;
const TWO_32 = 4294967296;

/** The hash of canonical row bytes: 16 bytes of its own, the four words of `hash128` in order, each little-endian. */
export function rowHash(bytes: Uint8Array): Uint8Array {
  const words = new Uint32Array(4);
  hash128(bytes, 0, bytes.length, words);
  const hash = new Uint8Array(ROW_HASH_BYTES);
  for (let i = 0; i < ROW_HASH_BYTES; i++) hash[i] = (words[i >> 2] as number) >>> ((i & 3) * 8);
  return hash;
}

/**
 * A hash of a multiset of rows that does not depend on their order: the sum of their 128-bit hashes modulo 2^128.
 * Rows can be taken away again. Frozen: markers in tables hold it. Equal hashes mean equal multisets unless somebody
 * made them collide on purpose.
 */
export class ContentHash {
  /** Least significant word first. */
  readonly #sum: Uint32Array = new Uint32Array(4);
  readonly #row: Uint32Array = new Uint32Array(4);

  /** Adds a row by its canonical bytes so many times, as a diff has it: below 0 it is taken away. */
  add(bytes: Uint8Array, diff = 1): void {
    hash128(bytes, 0, bytes.length, this.#row);
    if (diff === 1) this.#add();
    else this.#addTimes(diff);
  }

  /**
   * Adds rows by their hashes, four words each as `hashRows` gives them, as often as their diffs say; each once where
   * there are no diffs. At most `HASHES_MAX` rows.
   */
  addHashes(hashes: Int32Array, diffs?: Int32Array): void {
    assert(hashes.length <= HASHES_MAX * 4, "the sum of the hashes is exact in a double");
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let at = 0; at < hashes.length; at += 4) {
      let times = diffs === undefined ? 1 : (diffs[at >> 2] as number);
      if (Math.abs(times) > TIMES_MAX) {
        this.#row.set(hashes.subarray(at, at + 4));
        this.#addTimes(times);
        times = 0;
      }
      a += ((hashes[at] as number) >>> 0) * times;
      b += ((hashes[at + 1] as number) >>> 0) * times;
      c += ((hashes[at + 2] as number) >>> 0) * times;
      d += ((hashes[at + 3] as number) >>> 0) * times;
    }
    let carry = 0;
    for (const [i, part] of [a, b, c, d].entries()) {
      const sum = (this.#sum[i] as number) + part + carry;
      this.#sum[i] = sum;
      carry = Math.floor(sum / TWO_32);
    }
  }

  /** Adds a row by its `rowHash`. */
  addHash(hash: Uint8Array): void {
    this.#read(hash);
    this.#add();
  }

  /** Takes a row away by its `rowHash`. */
  subtractHash(hash: Uint8Array): void {
    this.#read(hash);
    this.#subtract();
  }

  /** The sum as 32 hex digits, most significant first: all 0 for no rows. */
  toString(): string {
    let text = "";
    for (const word of this.#sum) text = word.toString(16).padStart(8, "0") + text;
    return text;
  }

  /** The hash of a text that `toString` made. @throws DF_CORRUPT for any other text */
  static parse(text: string): ContentHash {
    if (!/^[0-9a-f]{32}$/.test(text)) {
      throw new DataflowError(
        "DF_CORRUPT",
        `"${text}" is no content hash: 32 lower-case hex digits are expected.`,
      );
    }
    const hash = new ContentHash();
    for (let i = 0; i < 4; i++) hash.#sum[i] = Number.parseInt(text.slice(24 - i * 8, 32 - i * 8), 16);
    return hash;
  }

  #read(hash: Uint8Array): void {
    if (hash.length !== ROW_HASH_BYTES) {
      throw new DataflowError("DF_CORRUPT", `A row hash has ${ROW_HASH_BYTES} bytes, not ${hash.length}.`);
    }
    for (let i = 0; i < 4; i++) {
      const at = i * 4;
      this.#row[i] =
        (hash[at] as number) |
        ((hash[at + 1] as number) << 8) |
        ((hash[at + 2] as number) << 16) |
        ((hash[at + 3] as number) << 24);
    }
  }

  #addTimes(times: number): void {
    const sum = BigInt.asUintN(128, wordsAsOne(this.#sum) + wordsAsOne(this.#row) * BigInt(times));
    for (let i = 0; i < 4; i++) this.#sum[i] = Number(BigInt.asUintN(32, sum >> BigInt(i * 32)));
  }

  #add(): void {
    let carry = 0;
    for (let i = 0; i < 4; i++) {
      const sum = (this.#sum[i] as number) + (this.#row[i] as number) + carry;
      this.#sum[i] = sum;
      carry = sum > 0xffffffff ? 1 : 0;
    }
  }

  #subtract(): void {
    let borrow = 0;
    for (let i = 0; i < 4; i++) {
      const difference = (this.#sum[i] as number) - (this.#row[i] as number) - borrow;
      this.#sum[i] = difference;
      borrow = difference < 0 ? 1 : 0;
    }
  }
}

/** Four words as a number, the least significant one first. */
function wordsAsOne(words: Uint32Array): bigint {
  return words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
}
