import type { Schema } from "@df/core";
import { kernelMemory } from "../kernel/memory.ts";
import type { KernelMemory } from "../kernel/memory.ts";
import type { KernelRun } from "../kernel/records.ts";
import { usableWasm } from "@df/core/wasm/usable";
import type { Wasm } from "@df/core/wasm/module";
import { moduleBytes } from "@df/core/wasm/module";
import type { Dialect } from "./fields.ts";
import { kernelModule } from "./kernel-code.ts";

/** Orders of fields that have a kernel at most, and fields of one. */
const ORDERS_MAX = 32;
const FIELDS_MAX = 512;
/** Bytes that are as dear to read without a kernel as it is to make one, for each field. */
const FIELD_BYTES = 16 * 1024;

/** What a kernel leaves to others. Places are addresses in its memory. */
export interface KernelCalls {
  /** Reads any field into column `column`; the place behind it, −1 where the record is to be refused. */
  read(column: number, at: number, row: number): number;
  /** Whether a column takes the text between two places. */
  allows(column: number, start: number, end: number): boolean;
}

/** What kernels depend on besides the order of fields. */
export interface KernelOptions {
  /** Columns that are read. */
  readonly columns: Schema;
  readonly dialect: Dialect;
  /** What stands, unquoted, for null. */
  readonly nulls: string;
  readonly recordBytesMax: number;
}

/** A kernel, and the memory it works in. */
export interface Kernel {
  readonly run: KernelRun;
  readonly memory: KernelMemory;
}

/**
 * WebAssembly that reads records, made for each order of fields, with the memory it works in: one for all decoders of a
 * source, for it keeps nothing between two calls.
 */
export class CsvKernels {
  /** The decoder for which a kernel runs. */
  calls: KernelCalls | undefined;
  readonly #wasm: Wasm;
  readonly #options: KernelOptions;
  #memory: KernelMemory | undefined;
  readonly #made: Map<string, Kernel> = new Map();
  /** Bytes that were read without a kernel; −∞ where there is no room for one. */
  #bytes = 0;

  private constructor(wasm: Wasm, options: KernelOptions) {
    this.#wasm = wasm;
    this.#options = options;
  }

  /** Undefined where there is no WebAssembly with SIMD, or none may be made. */
  static open(options: KernelOptions): CsvKernels | undefined {
    const wasm = usableWasm();
    return wasm === undefined ? undefined : new CsvKernels(wasm, options);
  }

  /**
   * The kernel for records in which each field is a column, or −1, before `sizeBytes` are read; undefined while making
   * one does not pay.
   */
  get(columns: readonly number[], sizeBytes: number): Kernel | undefined {
    const key = columns.join();
    const made = this.#made.get(key);
    if (made !== undefined || columns.length > FIELDS_MAX || this.#made.size === ORDERS_MAX) return made;
    this.#bytes += sizeBytes;
    if (this.#bytes < columns.length * FIELD_BYTES) return undefined;
    this.#memory ??= kernelMemory(this.#wasm, this.#options.columns);
    if (this.#memory === undefined) {
      this.#bytes = -Infinity;
      return undefined;
    }
    const kernel = { run: this.#make(columns, this.#memory), memory: this.#memory };
    this.#made.set(key, kernel);
    return kernel;
  }

  #make(columns: readonly number[], { map, memory }: KernelMemory): KernelRun {
    const { columns: wanted, dialect, nulls, recordBytesMax } = this.#options;
    const nullText = new TextEncoder().encode(nulls);
    const plan = { columns, wanted: wanted.fields, dialect, nulls: nullText, recordBytesMax, map };
    const module = new this.#wasm.Module(moduleBytes(kernelModule(plan)));
    const env = {
      memory,
      read: (column: number, at: number, row: number) => this.calls?.read(column, at, row),
      allows: (column: number, start: number, end: number) => this.calls?.allows(column, start, end),
    };
    return new this.#wasm.Instance(module, { env }).exports["run"] as KernelRun;
  }
}
