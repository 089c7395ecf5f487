import { grown } from "../batch/grown.ts";
import type { ScratchSpace } from "./scratch.ts";

/** Pieces that a scratch file is told of before they are used. */
const AHEAD = 32;

/** Pieces of a scratch file that are about to be used, one after the other: it is told of some of them ahead. */
export class PiecesAhead {
  #places: Float64Array = new Float64Array(0);
  #bytes: Int32Array = new Int32Array(0);
  #count = 0;
  /** The last piece that the file was told of. */
  #told = 0;

  /** Nothing is about to be used. */
  clear(): void {
    this.#count = 0;
  }

  /** A further piece. */
  add(place: number, sizeBytes: number): void {
    const at = this.#count++;
    this.#places = grown(this.#places, at + 1);
    this.#bytes = grown(this.#bytes, at + 1);
    this.#places[at] = place;
    this.#bytes[at] = sizeBytes;
  }

  /** Tells of the first pieces, but for the one that is used at once. */
  begin(scratch: ScratchSpace): void {
    this.#told = 0;
    this.#tell(scratch, AHEAD - 1);
  }

  /** One has been used: tells of one more. */
  next(scratch: ScratchSpace): void {
    this.#tell(scratch, 1);
  }

  #tell(scratch: ScratchSpace, more: number): void {
    const end = Math.min(this.#told + more, this.#count - 1);
    while (this.#told < end) {
      this.#told++;
      scratch.ahead(this.#places[this.#told] as number, this.#bytes[this.#told] as number);
    }
  }
}
