import type { Schema } from "../schema/schema.ts";
import { type Batch, diffAt } from "./batch.ts";
import { CanonicalRows, ROWS_AT_ONCE } from "./canonical-rows.ts";
import { CanonicalCodec } from "./canonical.ts";
import type { ContentHash } from "./content-hash.ts";
import { hash128, hashRows } from "./hash.ts";

/** Adds the rows of whole batches to content hashes, faster than one after the other by their canonical bytes. */
export class RowHasher {
  readonly #rows: CanonicalRows;
  readonly #codec: CanonicalCodec;
  readonly #hashes: Int32Array = new Int32Array(ROWS_AT_ONCE * 4);

  constructor(schema: Schema) {
    this.#rows = new CanonicalRows(schema);
    this.#codec = new CanonicalCodec(schema);
  }

  /** Adds each row of the batch as often as its diff says; once where there are no diffs. */
  add(batch: Batch, sum: ContentHash): void {
    for (let row = 0; row < batch.length;) {
      const count = this.#rows.encode(batch, row);
      if (count === 0) {
        this.#addByCodec(batch, row, sum);
        return;
      }
      hashRows(this.#rows, count, this.#hashes);
      sum.addHashes(this.#hashes.subarray(0, count * 4), batch.diffs?.subarray(row, row + count));
      row += count;
    }
  }

  /** The hash of each row of the batch: four words, as `hashRows` gives them. */
  hashes(batch: Batch): Int32Array {
    const hashes = new Int32Array(batch.length * 4);
    for (let row = 0; row < batch.length;) {
      const count = this.#rows.encode(batch, row);
      const into = hashes.subarray(row * 4, (row + Math.max(1, count)) * 4);
      if (count > 0) hashRows(this.#rows, count, into);
      else this.#hashByCodec(batch, row, into);
      row += Math.max(1, count);
    }
    return hashes;
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
