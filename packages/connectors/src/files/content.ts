import type { OpenFile } from "./open-file.ts";
import type { PackedPlace } from "./position.ts";

/** What a file holds, byte by byte: its own bytes, or what they are decompressed to. Offsets count these bytes. */
export interface Content {
  /** Whether `read` most likely has its bytes at once: then nothing is won by asking for them ahead. */
  readonly isNear: boolean;
  /** Writes the next bytes to the beginning of `into`; how many. Fewer than there is room for: there are no more now. */
  read(into: Uint8Array): Promise<number>;
  /** Bytes of the file that are known to lie before the byte at `offset`, which was read. */
  fileBytes(offset: number): number;
  /** Where decompressing has to begin to read from `offset` on; offsets do not go back. */
  packed(offset: number): PackedPlace | undefined;
  /**
   * Checks the file when all of it has been read, up to `offset`.
   * @throws DF_POSITION where it has shrunk, DF_COMPRESSION where it must not end here, unless it `mayGrow`
   */
  checkEnd(offset: number, mayGrow: boolean): Promise<void>;
  close(): void;
}

/** A file as it is, read from an offset on. */
export class PlainContent implements Content {
  readonly #file: OpenFile;
  #next: number;

  constructor(file: OpenFile, offset: number) {
    this.#file = file;
    this.#next = offset;
  }

  get isNear(): boolean {
    return this.#file.isNear;
  }

  async read(into: Uint8Array): Promise<number> {
    const bytesRead = await this.#file.read(into, this.#next);
    this.#next += bytesRead;
    return bytesRead;
  }

  fileBytes(offset: number): number {
    return offset;
  }

  packed(): undefined {
    return undefined;
  }

  async checkEnd(offset: number): Promise<void> {
    await this.#file.size(offset);
  }

  close(): void {}
}
