import type { Content } from "./content.ts";

/**
 * Bytes read at once at most, and at first: of small files there may be many. Some 4,000 records of 250 bytes are the
 * most rows that a batch may have; much is done once a batch.
 */
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_BYTES_MIN = 16 * 1024;
/** Room before what is read, for the incomplete line that the chunk before it ends with. */
const ROOM_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * Content as it is read on: while one chunk is worked on, the next one is read into the memory of the one before. Where
 * this thread would read it, it is read when it is needed, over the one before: bytes are worked on as long as they lie
 * in the processor's cache, which the next ones would drive out.
 */
export class ReadAhead {
  /** Read and not yet worked on: `bytes[from .. to)`. Written over by the next call of `more`. */
  bytes: Uint8Array = NOTHING;
  from = 0;
  to = 0;
  readonly #content: Content;
  #spare: Uint8Array = NOTHING;
  #chunkBytes = CHUNK_BYTES_MIN;
  #ahead: Promise<number> | undefined;

  constructor(content: Content) {
    this.#content = content;
  }

  /** Adds bytes behind those that are there; whether there were any. */
  async more(): Promise<boolean> {
    let read = (await this.#ahead) ?? 0;
    this.#ahead = undefined;
    if (read > 0) this.#turn(read);
    // Where the content ended when it was read ahead, it may go on by now.
    else read = this.#hasRoom ? await this.#readOver() : await this.#readAside();
    if (read === 0) {
      this.#letGo();
      return false;
    }
    // A file that gave less than was asked for has most likely ended.
    if (read === this.#chunkBytes) {
      this.#chunkBytes = Math.min(CHUNK_BYTES, this.#chunkBytes * 4);
      if (this.#content.isNear) return true;
      this.#ahead = this.#read();
      // Whoever asks for these bytes hears of it.
      this.#ahead.catch(() => {});
    }
    return true;
  }

  /** Whether the next chunk may be written over the one before. */
  get #hasRoom(): boolean {
    const { bytes, from, to } = this;
    return this.#content.isNear && to - from <= ROOM_BYTES && bytes.length >= ROOM_BYTES + this.#chunkBytes;
  }

  async #readOver(): Promise<number> {
    const { bytes, from, to } = this;
    bytes.copyWithin(ROOM_BYTES - (to - from), from, to);
    this.from = ROOM_BYTES - (to - from);
    this.to = ROOM_BYTES;
    const read = await this.#content.read(bytes.subarray(ROOM_BYTES, ROOM_BYTES + this.#chunkBytes));
    this.to += read;
    return read;
  }

  async #readAside(): Promise<number> {
    const read = await this.#read();
    if (read > 0) this.#turn(read);
    return read;
  }

  #read(): Promise<number> {
    const bytes = ROOM_BYTES + this.#chunkBytes;
    if (this.#spare.length < bytes) this.#spare = new Uint8Array(bytes);
    return this.#content.read(this.#spare.subarray(ROOM_BYTES, bytes));
  }

  /** Of files that wait for more there may be many, and for long. */
  #letGo(): void {
    this.#spare = NOTHING;
    this.#chunkBytes = CHUNK_BYTES_MIN;
    if (this.from < this.to) return;
    this.bytes = NOTHING;
    this.from = 0;
    this.to = 0;
  }

  /** Puts what is left before what was read, and goes on with that. */
  #turn(read: number): void {
    const { bytes, from, to } = this;
    const left = to - from;
    const spare = this.#spare;
    if (left > ROOM_BYTES) return this.#append(spare.subarray(ROOM_BYTES, ROOM_BYTES + read));
    spare.set(bytes.subarray(from, to), ROOM_BYTES - left);
    this.#spare = bytes;
    this.bytes = spare;
    this.from = ROOM_BYTES - left;
    this.to = ROOM_BYTES + read;
  }

  /** Puts what was read behind a long line that is not complete; the decoder gives up at the size of a record. */
  #append(read: Uint8Array): void {
    const { bytes, from, to } = this;
    const left = to - from;
    if (bytes.length - to < read.length) {
      this.bytes = new Uint8Array(2 * (left + read.length));
      this.bytes.set(bytes.subarray(from, to));
      this.from = 0;
      this.to = left;
    }
    this.bytes.set(read, this.to);
    this.to += read.length;
  }
}
