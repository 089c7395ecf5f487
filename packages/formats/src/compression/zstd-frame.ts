/** Where frames of zstd end (RFC 8878, section 3.1), without decompressing them. */

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RUN = 1;

/** What begins: a frame with content, of which the header is known, or one without. */
export type FrameHead =
  | { readonly kind: "content"; readonly headerBytes: number; readonly hasChecksum: boolean }
  | { readonly kind: "skippable"; readonly bytes: number };

/** What the bytes begin with; undefined where they are too few. @throws RangeError where no frame begins */
export function frameHead(bytes: Uint8Array): FrameHead | undefined {
  if (bytes.length < 5) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint32(0, true);
  if (magic === MAGIC) {
    const descriptor = bytes[4] as number;
    const isSingle = (descriptor & 0x20) !== 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
    return {
      kind: "content",
      headerBytes: 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes,
      hasChecksum: (descriptor & 4) !== 0,
    };
  }
  if ((magic & 0xfffffff0) >>> 0 !== SKIPPABLE) throw new RangeError("no frame of zstd begins here");
  return bytes.length < 8 ? undefined : { kind: "skippable", bytes: 8 + view.getUint32(4, true) };
}

/** Goes along a frame, block by block. */
export class FrameWalk {
  /** The frame has been passed. */
  isOver = false;
  /** Bytes to pass before the next header of a block, or the end. */
  #left: number;
  #isLast = false;
  readonly #tailBytes: number;
  #header = 0;
  #headerBytes = 0;

  constructor({ headerBytes, hasChecksum }: FrameHead & { readonly kind: "content" }) {
    this.#left = headerBytes;
    this.#tailBytes = hasChecksum ? CHECKSUM_BYTES : 0;
  }

  /** How many of the bytes that follow belong to the frame. */
  pass(bytes: Uint8Array): number {
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#left, bytes.length - at);
      at += passed;
      this.#left -= passed;
      if (this.#left === 0 && this.#isLast) this.isOver = true;
      if (this.isOver || at === bytes.length) return at;
      this.#header |= (bytes[at++] as number) << (8 * this.#headerBytes++);
      if (this.#headerBytes === BLOCK_HEADER_BYTES) this.#begin();
    }
  }

  /** Bit 0: the last block; bits 1 and 2: its type; the others: its size. */
  #begin(): void {
    const header = this.#header;
    this.#header = 0;
    this.#headerBytes = 0;
    this.#isLast = (header & 1) === 1;
    this.#left = ((header >> 1) & 3) === RUN ? 1 : header >> 3;
    if (this.#isLast) this.#left += this.#tailBytes;
  }
}
