import { DataflowError } from "../error.ts";

/** The types of Node and ES2024 leave WebAssembly out; this is what is used of it. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  readonly Memory: new (options: { initial: number; maximum: number }) => WasmMemory;
};

/** Below this a memory is an ordinary buffer that doubles by copying, which takes less than 0.1 ms. */
const COPIED_BYTES_MAX = 1 << 20;
const WASM_PAGE_BYTES = 65536;
/** A WebAssembly memory has at most 65,536 pages; its addresses then also fit the int32 offsets of tables. */
export const MEMORY_BYTES_MAX: number = 4294967296;

/**
 * One flat run of zeroed bytes that grows. Small ones are buffers; large ones a `WebAssembly.Memory`, which grows in
 * place without copying (measured: at most 64 µs a step, where doubling a buffer of 300 MB paused for 300 ms). Views
 * are new after each growth: read the fields again after `reserve`.
 */
export class FlatMemory {
  words: Float64Array = new Float64Array(0);
  longs: BigInt64Array = new BigInt64Array(0);
  ints: Int32Array = new Int32Array(0);
  bytes: Uint8Array = new Uint8Array(0);
  readonly #what: string;
  readonly #bytesMax: number;
  #grown: WasmMemory | undefined;

  /** `what` names the memory in errors: `rows of state table "x"`. */
  constructor(what: string, bytesMax: number) {
    this.#what = what;
    this.#bytesMax = bytesMax;
  }

  /**
   * Makes room for at least `sizeBytes` in all.
   * @throws DF_STATE_FULL beyond the limit, or when the machine has no memory left
   */
  reserve(sizeBytes: number): void {
    const has = this.bytes.byteLength;
    if (sizeBytes <= has) return;
    if (sizeBytes > this.#bytesMax) throw this.#full(sizeBytes, `the limit is ${this.#bytesMax} bytes`);
    const wanted = Math.min(
      Math.max(sizeBytes, has < COPIED_BYTES_MAX ? has * 2 : has * 1.25, 1024),
      this.#bytesMax,
    );
    try {
      if (wanted <= COPIED_BYTES_MAX) this.#view(copied(this.bytes, Math.ceil(wanted / 8) * 8));
      else this.#view(this.#inPlace(wanted));
    } catch (cause) {
      throw this.#full(sizeBytes, "the machine has no memory left", cause);
    }
  }

  /** Gives all memory back; what is reserved next is zeroed. */
  clear(): void {
    this.#grown = undefined;
    this.#view(new ArrayBuffer(0));
  }

  #inPlace(wantedBytes: number): ArrayBuffer {
    const pages = Math.ceil(wantedBytes / WASM_PAGE_BYTES);
    if (this.#grown === undefined) {
      const maximum = Math.max(pages, Math.ceil(this.#bytesMax / WASM_PAGE_BYTES));
      this.#grown = new WebAssembly.Memory({ initial: pages, maximum });
      new Uint8Array(this.#grown.buffer).set(this.bytes);
    } else this.#grown.grow(pages - this.#grown.buffer.byteLength / WASM_PAGE_BYTES);
    return this.#grown.buffer;
  }

  #view(buffer: ArrayBuffer): void {
    this.words = new Float64Array(buffer);
    this.longs = new BigInt64Array(buffer);
    this.ints = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  #full(sizeBytes: number, reason: string, cause?: unknown): DataflowError {
    return new DataflowError(
      "DF_STATE_FULL",
      `The ${this.#what} need ${sizeBytes} bytes; ${reason}. Keep less state (shorter windows, a shorter within of dedupe, fewer or ` +
        `shorter keys), or spread it over more shards (--parallelism).`,
      { cause },
    );
  }
}

function copied(from: Uint8Array, sizeBytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(sizeBytes);
  new Uint8Array(buffer).set(from);
  return buffer;
}
