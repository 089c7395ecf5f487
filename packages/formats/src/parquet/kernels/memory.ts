import type { Wasm } from "@df/core/wasm/module";
import { HASH_BITS } from "../snappy.ts";

/** What is encoded by kernels at most; the loops in JavaScript take what is larger. */
export const KERNEL_LIMITS: {
  /** Of a chunk. */
  readonly rows: number;
  readonly textBytes: number;
  readonly dictionaryValues: number;
  /** Of a page before compression. */
  readonly pageBytes: number;
} = {
  rows: 122_880,
  /** What a file of a Delta table has at most, and a batch. */
  textBytes: 34 * 1024 * 1024,
  dictionaryValues: 65_536,
  pageBytes: 1024 * 1024 + 128 * 1024,
};

/** What lies side by side in the memory. `distinct`, `hashes` and `table` are those of a dictionary. */
export type Area =
  | "result"
  | "snappyTable"
  | "validity"
  | "values"
  | "codes"
  | "distinct"
  | "hashes"
  | "table"
  | "page"
  | "compressed"
  | "text";

const { rows, textBytes, dictionaryValues, pageBytes } = KERNEL_LIMITS;
/** Bytes of each area. Memory that is never written to takes no room. */
const SIZES: Readonly<Record<Area, number>> = {
  result: 16,
  snappyTable: 2 << HASH_BITS,
  validity: rows,
  /** Of texts first where they begin, and then where they end; so are the distinct ones. */
  values: rows * 8,
  codes: rows * 4,
  distinct: dictionaryValues * 8,
  hashes: dictionaryValues * 4,
  table: dictionaryValues * 16,
  page: pageBytes,
  compressed: Math.ceil((pageBytes * 7) / 6) + 64,
  text: textBytes,
};

/** Kernels read and write up to 16 bytes behind the end of an area. */
const BEHIND_BYTES = 64;
const PAGE_BYTES = 65_536;

/** The memory that the kernels of one thread work in: of one size, whatever is encoded. */
export class EncodeMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly bytes: Uint8Array;
  readonly #addresses: ReadonlyMap<Area, number>;

  /** @throws RangeError where there is no room for it */
  constructor(wasm: Wasm) {
    const addresses = new Map<Area, number>();
    let used = 0;
    for (const [area, size] of Object.entries(SIZES) as [Area, number][]) {
      addresses.set(area, used);
      used += Math.ceil((size + BEHIND_BYTES) / BEHIND_BYTES) * BEHIND_BYTES;
    }
    this.#addresses = addresses;
    this.memory = new wasm.Memory({ initial: Math.ceil(used / PAGE_BYTES) });
    this.bytes = new Uint8Array(this.memory.buffer);
  }

  /** Where an area begins. */
  address(area: Area): number {
    return this.#addresses.get(area) as number;
  }

  /** Whether an array lies here. */
  has({ buffer }: { readonly buffer: ArrayBufferLike }): boolean {
    return buffer === this.memory.buffer;
  }

  /** Bytes of an area. */
  area(area: Area): Uint8Array {
    const start = this.address(area);
    return this.bytes.subarray(start, start + SIZES[area]);
  }

  ints(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  doubles(address: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, length);
  }

  longs(address: number, length: number): BigInt64Array {
    return new BigInt64Array(this.memory.buffer, address, length);
  }
}
