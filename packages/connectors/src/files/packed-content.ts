import { DataflowError, within } from "@df/core";
import { Unpacker } from "@df/formats/compression/unpacker";
import type { Codec } from "@df/formats/compression/codec";
import type { Content } from "./content.ts";
import type { OpenFile } from "./open-file.ts";
import type { PackedPlace } from "./position.ts";

/** Bytes of the file that are read at once. */
const CHUNK_BYTES = 64 * 1024;
/** Content that is passed over at once. */
const SKIP_BYTES = 256 * 1024;

/** Which content is read of a compressed file. */
export interface PackedContentOptions {
  readonly codec: Codec;
  readonly expansionMax: number;
  /** Where decompressing begins. */
  readonly place: PackedPlace;
  /** Of the first byte to read. */
  readonly offset: number;
}

/** The content of a compressed file from an offset on: what comes before it is decompressed and passed over. */
export class PackedContent implements Content {
  /** It is decompressed on another thread. */
  readonly isNear = false;
  readonly #file: OpenFile;
  readonly #unpacker: Unpacker;
  readonly #codec: Codec;
  readonly #offset: number;
  #toSkip: number;
  /** Place in the file of the next byte to read. */
  #next: number;

  constructor(file: OpenFile, { codec, expansionMax, place, offset }: PackedContentOptions) {
    this.#file = file;
    this.#codec = codec;
    this.#offset = offset;
    this.#toSkip = offset - place.offset;
    this.#next = place.from;
    this.#unpacker = new Unpacker({ codec, expansionMax, seam: place, more: () => this.#more() });
  }

  async read(into: Uint8Array): Promise<number> {
    try {
      while (this.#toSkip > 0) await this.#skip();
      return await this.#unpacker.read(into);
    } catch (thrown) {
      throw thrown instanceof DataflowError && thrown.code === "DF_FILE"
        ? thrown
        : within(this.#file.path, thrown);
    }
  }

  fileBytes(): number {
    return this.#unpacker.used;
  }

  packed(offset: number): PackedPlace {
    const { from, offset: first } = this.#unpacker.seamBefore(offset);
    return { from, offset: first };
  }

  async checkEnd(_offset: number, mayGrow: boolean): Promise<void> {
    const size = await this.#file.size(this.#next);
    if (mayGrow || this.#unpacker.isWhole) return;
    throw new DataflowError(
      "DF_COMPRESSION",
      `${this.#file.path} is cut off: it ends with byte ${size}, in the middle of what ${this.#codec} has ` +
        "compressed. What it holds of whole records was read. Put the whole file in its place and run again, " +
        "which goes on behind them; with --follow a file that is still being written is waited for.",
    );
  }

  close(): void {
    this.#unpacker.close();
  }

  async #skip(): Promise<void> {
    const passed = new Uint8Array(Math.min(SKIP_BYTES, this.#toSkip));
    const read = await this.#unpacker.read(passed);
    this.#toSkip -= read;
    if (read > 0 || this.#toSkip === 0) return;
    throw new DataflowError(
      "DF_POSITION",
      `It holds ${this.#offset - this.#toSkip} bytes of content, but was read up to byte ${this.#offset} of it: it ` +
        "was cut off or replaced. Put it back, or begin again with a new state directory and target.",
    );
  }

  async #more(): Promise<Uint8Array> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const bytesRead = await this.#file.read(chunk, this.#next);
    this.#next += bytesRead;
    return chunk.subarray(0, bytesRead);
  }
}
