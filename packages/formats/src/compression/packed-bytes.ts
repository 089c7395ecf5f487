import { joined } from "../bytes.ts";

/** The next bytes of a file, in an array that is not written again; none: there are no more now. */
export type MoreBytes = () => Promise<Uint8Array>;

/** Compressed bytes that are read and not yet used. */
export class PackedBytes {
  /** Place in the file of the first byte that is not used. */
  place: number;
  readonly #more: MoreBytes;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(more: MoreBytes, place: number) {
    this.#more = more;
    this.place = place;
  }

  /** What is there to be used. */
  get bytes(): Uint8Array {
    return this.#chunk.subarray(this.#at);
  }

  /** Adds bytes behind those that are there; whether there were any. */
  async more(): Promise<boolean> {
    const read = await this.#more();
    this.#chunk = this.#at === this.#chunk.length ? read : joined([this.bytes, read]);
    this.#at = 0;
    return read.length > 0;
  }

  /** Uses the next bytes, at most `count`. */
  take(count: number): Uint8Array {
    const taken = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += taken.length;
    this.place += taken.length;
    return taken;
  }

  /** Gives back the last bytes that were taken, all of them since `more` was called. */
  giveBack(count: number): void {
    this.#at -= count;
    this.place -= count;
  }
}
