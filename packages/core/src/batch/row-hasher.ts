import type { Schema } from "../schema/schema.ts";
import { type Batch, diffAt } from "./batch.ts";
import { CanonicalRows, ROWS_AT_ONCE } from "./canonical-rows.ts";
import { CanonicalCodec } from "./canonical.ts";
import type { ContentHash } from "./content-hash.ts";
import { hash128, hashRows } from "./hash.ts";
import { type HashKernel, hashKernel } from "./hash-kernel.ts";

/** Rows after which code is made for a schema: for fewer it takes longer than what it saves. */
const KERNEL_AFTER_ROWS = 2048;

/** The hashes of rows, until they are added: nobody reads them after that, so a thread needs one. */
const hashed: Int32Array = new Int32Array(ROWS_AT_ONCE * 4);

/** Adds the rows of whole batches to content hashes, faster than one after the other by their canonical bytes. */
export class RowHasher {
  readonly #schema: Schema;
  readonly #rows: CanonicalRows;
  readonly #codec: CanonicalCodec;
  /** From `KERNEL_AFTER_ROWS` on, where there is one. */
  #kernel: HashKernel | undefined;
  #rowsHashed = 0;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#rows = new CanonicalRows(schema);
    this.#codec = new CanonicalCodec(schema);
  }

  /** Adds each row of the batch as often as its diff says; once where there are no diffs. */
  add(batch: Batch, sum: ContentHash): void {
    for (let row = 0; row < batch.length;) {
      const count = this.#hash(batch, row);
      if (count === 0) {
        this.#addByCodec(batch, row, sum);
        return;
      }
      sum.addHashes(hashed.subarray(0, count * 4), batch.diffs?.subarray(row, row + count));
      row += count;
    }
  }

  /** The hash of each row of the batch: four words, as `hashRows` gives them. */
  hashes(batch: Batch): Int32Array {
    const hashes = new Int32Array(batch.length * 4);
    for (let row = 0; row < batch.length;) {
      const count = this.#hash(batch, row);
      if (count > 0) hashes.set(hashed.subarray(0, count * 4), row * 4);
      else this.#hashByCodec(batch, row, hashes.subarray(row * 4, (row + 1) * 4));
      row += Math.max(1, count);
    }
    return hashes;
  }

  /** Hashes rows from `first` on, and returns how many; 0 where one of them is left to the codec. */
  #hash(batch: Batch, first: number): number {
    let count = this.#kernel?.hash(batch, first, hashed) ?? 0;
    if (count === 0) {
      count = this.#rows.encode(batch, first);
      hashRows(this.#rows, count, hashed);
    }
    const before = this.#rowsHashed;
    this.#rowsHashed += count;
    if (before < KERNEL_AFTER_ROWS && this.#rowsHashed >= KERNEL_AFTER_ROWS)
      this.#kernel = hashKernel(this.#schema);
    return count;
  }

  #hashByCodec(batch: Batch, row: number, into: Int32Array): void {
    const bytes = this.#codec.encode(batch, row);
    const words = new Uint32Array(4);
    hash128(bytes, 0, bytes.length, words);
    into.set(words);
  }

  #addByCodec(batch: Batch, first: number, sum: ContentHash): void {
    for (let row = first; row < batch.length; row++)
      sum.add(this.#codec.encode(batch, row), diffAt(batch, row));
  }
}
