/** Bytes that are allocated behind the end of every sink: loops may read and write whole words across the end. */
const SPARE_BYTES = 16;

/**
 * Bytes that grow at their end. Hot loops call `reserve`, write into `bytes` and `view` themselves and set `length`;
 * both arrays are replaced when the sink grows.
 */
export class ByteSink {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  /** Begins in new memory for so many bytes, or in an array, of which the last 16 bytes are spare. */
  constructor(memory: number | Uint8Array = 1024) {
    this.bytes = typeof memory === "number" ? new Uint8Array(memory + SPARE_BYTES) : memory;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    const needed = this.length + more + SPARE_BYTES;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** ULEB128 of a whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 127) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written. */
  slice(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
