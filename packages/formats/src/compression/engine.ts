import type { Transform } from "node:stream";

/** A decompressor of zlib: counts the input it has used. */
type Decompressor = Transform & { readonly bytesWritten: number };

/** Content that comes out at once at most, in bytes. */
export const CHUNK_BYTES: number = 64 * 1024;

/** Runs a decompressor step by step: it is given input only when it has none, and holds back when nobody reads. */
export class Engine {
  /** All content has come out. */
  isOver = false;
  readonly #stream: Decompressor;
  #given = 0;
  #works = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(stream: Decompressor) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.isOver = true;
      this.#wake();
    });
    stream.on("error", (failure) => {
      this.#failure = failure;
      this.#wake();
    });
  }

  /** Bytes of input that were given and lie behind the end of what it decompresses. */
  get unused(): number {
    return this.#given - this.#stream.bytesWritten;
  }

  /** Gives input, which must stay as it is; to be called when `next` has said so. */
  give(bytes: Uint8Array): void {
    this.#given += bytes.length;
    this.#works = true;
    this.#stream.write(bytes, () => {
      // What it does not want lies behind its end, and the event of the end follows.
      this.#works = this.unused > 0;
      this.#wake();
    });
  }

  /** Says that no input follows. */
  end(): void {
    this.#works = true;
    this.#stream.end();
  }

  /** The next content; undefined when it is over, and when it takes more input. @throws what zlib says of bad input */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const content: Uint8Array | null = this.#stream.read();
      if (content !== null) return content;
      if (this.isOver || !this.#works) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#stream.destroy();
  }
}
