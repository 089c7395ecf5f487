/** Hashes of rows of whole numbers by WebAssembly: see hash-code.ts. */
import type { Schema } from "../schema/schema.ts";
import { moduleBytes } from "../wasm/module.ts";
import { usableWasm, whereThereIsRoom } from "../wasm/usable.ts";
import type { Wasm } from "../wasm/module.ts";
import type { Batch } from "./batch.ts";
import { layoutOf } from "./builder.ts";
import { formOf } from "./canonical-values.ts";
import { HASHES_MAX } from "./content-hash.ts";
import { hashFunction } from "./hash-code.ts";

/** Columns of a row at most: their halves are worked on at the same time. */
const COLUMNS_MAX = 16;
/** Kernels that a thread keeps, each for rows of one form, with some 100 KiB. */
const KERNELS_MAX = 64;
const PAGE_BYTES = 65536;

type Values = Int32Array | Float64Array;

/** Hashes rows of one form. */
export class HashKernel {
  readonly #columns: readonly Values[];
  readonly #hashes: Int32Array;
  readonly #run: (rows: number) => void;

  /** `isInt32`: for each column, or its values are doubles. @throws RangeError where there is no room for it */
  constructor(wasm: Wasm, isInt32: readonly boolean[]) {
    const into = isInt32.length * HASHES_MAX * 8;
    const memory = new wasm.Memory({ initial: Math.ceil((into + HASHES_MAX * 16) / PAGE_BYTES) });
    const columns = isInt32.map((is, i) => ({ address: i * HASHES_MAX * 8, isInt32: is }));
    const module = new wasm.Module(moduleBytes({ imports: {}, run: hashFunction(columns, into) }));
    this.#run = new wasm.Instance(module, { env: { memory } }).exports["run"] as (rows: number) => void;
    this.#hashes = new Int32Array(memory.buffer, into, HASHES_MAX * 4);
    this.#columns = columns.map(({ address, isInt32: is }) =>
      is
        ? new Int32Array(memory.buffer, address, HASHES_MAX)
        : new Float64Array(memory.buffer, address, HASHES_MAX),
    );
  }

  /**
   * Writes the hashes of rows of the batch, beginning with row `first`, four words each as `hashRows` gives them;
   * returns how many these are, at most `HASHES_MAX`. 0 where a value among them is null or wide.
   */
  hash({ columns, length }: Batch, first: number, into: Int32Array): number {
    const end = Math.min(length, first + HASHES_MAX);
    for (let i = 0; i < this.#columns.length; i++) {
      const { values, validity } = columns[i] as Batch["columns"][number] & { readonly values: Values };
      const room = this.#columns[i] as Values;
      if (values.constructor !== room.constructor) return 0;
      if (validity?.subarray(first, end).includes(0) === true) return 0;
      room.set(values.subarray(first, end));
    }
    this.#run(end - first);
    into.set(this.#hashes.subarray(0, (end - first) * 4));
    return end - first;
  }
}

const kernels = new Map<string, HashKernel | undefined>();

/**
 * The kernel for rows of a schema, one for all of the same form: it keeps nothing from one call to the next. Undefined
 * for rows with other values than whole numbers, and where there is no WebAssembly, or no room.
 */
export function hashKernel({ fields }: Schema): HashKernel | undefined {
  if (fields.length === 0 || fields.length > COLUMNS_MAX) return undefined;
  if (fields.some(({ type }) => formOf(type) !== "integer")) return undefined;
  const isInt32 = fields.map(({ type }) => layoutOf(type) === "int");
  const form = isInt32.join();
  if (!kernels.has(form) && kernels.size < KERNELS_MAX) kernels.set(form, madeKernel(isInt32));
  return kernels.get(form);
}

function madeKernel(isInt32: readonly boolean[]): HashKernel | undefined {
  const wasm = usableWasm();
  return wasm && whereThereIsRoom(() => new HashKernel(wasm, isInt32));
}
