import { DataflowError, reasonOf } from "@df/core";
import type { Codec } from "./codec.ts";
import { gunzipped } from "./gzip.ts";
import { PackedBytes } from "./packed-bytes.ts";
import type { MoreBytes } from "./packed-bytes.ts";
import { unzstd } from "./zstd.ts";

/** Content that may come of any number of bytes: what is smaller hurts nobody. */
const FREE_BYTES = 64 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** A place where decompressing can begin: where a member of gzip or a frame of zstd begins, or may follow. */
export interface Seam {
  /** Place in the file, in bytes. */
  readonly from: number;
  /** Place of its first byte in the content. */
  readonly offset: number;
}

/** What is decompressed, and from where on. */
export interface UnpackerOptions {
  readonly codec: Codec;
  /** Bytes of content that may come of each byte of the file, once there are 64 MiB. */
  readonly expansionMax: number;
  /** The bytes of the file from `seam.from` on. */
  readonly more: MoreBytes;
  readonly seam: Seam;
}

/** Decompresses a file piece by piece, in bounded memory. */
export class Unpacker {
  readonly #codec: Codec;
  readonly #expansionMax: number;
  readonly #packed: PackedBytes;
  readonly #pieces: AsyncGenerator<Uint8Array, never>;
  /** Bytes of content that have come out. */
  #size: number;
  #piece: Uint8Array = NOTHING;
  /** Thrown by the next call. */
  #failure: unknown;
  /** In rising order, the first one at or before the content that is asked for. */
  #seams: Seam[];

  constructor({ codec, expansionMax, more, seam }: UnpackerOptions) {
    this.#codec = codec;
    this.#expansionMax = expansionMax;
    this.#packed = new PackedBytes(more, seam.from);
    this.#size = seam.offset;
    this.#seams = [seam];
    const unpack = codec === "gzip" ? gunzipped : unzstd;
    this.#pieces = unpack(this.#packed, () => this.#over());
  }

  /** Bytes of the file that have been used. */
  get used(): number {
    return this.#packed.place;
  }

  /** Whether nothing is begun that would have to go on. */
  get isWhole(): boolean {
    return this.#packed.bytes.length === 0 && this.#seams.at(-1)?.from === this.#packed.place;
  }

  /**
   * Writes the next content to the beginning of `into`; how many bytes. Fewer than there is room for: there is no more
   * now, or what follows cannot be decompressed, which the next call says.
   * @throws DF_COMPRESSION for damage, and for more content than `expansionMax` allows
   */
  async read(into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      if (this.#piece.length === 0) {
        try {
          this.#piece = await this.#next();
        } catch (thrown) {
          this.#failure = thrown;
          if (filled === 0) throw thrown;
          break;
        }
        if (this.#piece.length === 0) break;
      }
      const taken = this.#piece.subarray(0, into.length - filled);
      into.set(taken, filled);
      filled += taken.length;
      this.#piece = this.#piece.subarray(taken.length);
    }
    return filled;
  }

  /** The last place at or before `offset` of the content where decompressing can begin. Offsets must not go back. */
  seamBefore(offset: number): Seam {
    const later = this.#seams.findIndex((seam) => seam.offset > offset);
    if (later !== 1) this.#seams = this.#seams.slice((later < 0 ? this.#seams.length : later) - 1);
    return this.#seams[0] as Seam;
  }

  /** Lets go of what it holds; nothing may be read afterwards. */
  close(): void {
    this.#failure = new DataflowError("DF_COMPRESSION", "It is closed.");
    // Goes to the end of the generator; a read that is under way comes first.
    this.#pieces.return(undefined as never).catch(() => {});
  }

  async #next(): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    let piece: Uint8Array;
    try {
      piece = (await this.#pieces.next()).value;
    } catch (cause) {
      if (cause instanceof DataflowError) throw cause;
      throw this.#damaged(cause);
    }
    this.#size += piece.length;
    if (this.#size > FREE_BYTES && this.#size > this.#expansionMax * this.used) throw this.#bomb();
    return piece;
  }

  #damaged(cause: unknown): DataflowError {
    const { from, offset } = this.#seams.at(-1) as Seam;
    const part = this.#codec === "gzip" ? "member" : "frame";
    const remedy =
      this.#size === offset
        ? "Put an undamaged file in its place and run again: nothing of this part was read"
        : `Rows from byte ${offset} to ${this.#size} of its content were read before this was noticed, and may be ` +
          "wrong. Put an undamaged file in its place, and begin again with a new state directory and target";
    return new DataflowError(
      "DF_COMPRESSION",
      `It cannot be decompressed: the ${part} of ${this.#codec} that begins at byte ${from} is damaged ` +
        `(${reasonOf(cause)}). ${remedy}.`,
      { cause },
    );
  }

  #bomb(): DataflowError {
    return new DataflowError(
      "DF_EXPANSION",
      `Its first ${this.used} bytes hold more than ${this.#size} bytes of content, over ${this.#expansionMax} times ` +
        "as many. If it is meant to, raise expansionMax of files().",
    );
  }

  #over(): void {
    const seam = { from: this.#packed.place, offset: this.#size };
    // Of members without content only the last one counts.
    if (this.#seams.length > 1 && this.#seams.at(-1)?.offset === seam.offset) this.#seams.pop();
    this.#seams.push(seam);
  }
}
