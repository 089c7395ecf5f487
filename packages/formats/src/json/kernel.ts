import type { Schema } from "@df/core";
import { kernelMemory } from "../kernel/memory.ts";
import type { KernelMemory } from "../kernel/memory.ts";
import type { KernelRun } from "../kernel/records.ts";
import { usableWasm } from "@df/core/wasm/usable";
import type { Wasm } from "@df/core/wasm/module";
import { moduleBytes } from "@df/core/wasm/module";
import { kernelModule } from "./kernel-code.ts";
import { treeOf } from "./kernel-tree.ts";
import type { Layout } from "./layout.ts";
import { layoutKey } from "./layout.ts";

/** Layouts of a kernel at most, and values in all of them: it is made anew with each layout. */
const LAYOUTS_MAX = 32;
const SLOTS_MAX = 512;
/** Lines that are as dear as making a kernel. */
const MISSES_MAX = 1024;

/** What a kernel leaves to others. Places are addresses in its memory. */
export interface KernelCalls {
  /** Reads any value into column `column`; the place behind it, −1 where the record is to be refused. */
  read(column: number, at: number, row: number): number;
  /** Passes any value; the place behind it, −1 where the record is to be refused. */
  skip(at: number): number;
  /** Whether a column takes the text between two places. */
  allows(column: number, start: number, end: number): boolean;
}

/** What a kernel depends on besides the layouts. */
export interface KernelOptions {
  /** All columns, and those that are read. */
  readonly schema: Schema;
  readonly columns: Schema;
  readonly recordBytesMax: number;
}

/**
 * WebAssembly that reads lines of the layouts it knows, with the memory it works in: one for all decoders of a source,
 * for it keeps nothing between two calls.
 */
export class Kernel {
  /** Undefined while no layout is known: most inputs are too short for one. */
  memory: KernelMemory | undefined;
  /** Runs for the decoder that has set `calls`; undefined while no layout is known. */
  run: KernelRun | undefined;
  calls: KernelCalls | undefined;
  readonly #wasm: Wasm;
  readonly #options: KernelOptions;
  readonly #layouts: Map<string, Layout> = new Map();
  /** Values in all of them. */
  #slots = 0;
  #isStale = false;
  /** Lines that were read without the kernel since it is stale. */
  #misses = 0;

  private constructor(wasm: Wasm, options: KernelOptions) {
    this.#wasm = wasm;
    this.#options = options;
  }

  /** A kernel that knows no layout; undefined where there is no WebAssembly with SIMD, or none may be made. */
  static open(options: KernelOptions): Kernel | undefined {
    const wasm = usableWasm();
    return wasm === undefined ? undefined : new Kernel(wasm, options);
  }

  /** Whether the layout with this key is known. */
  has(key: string): boolean {
    return this.#layouts.has(key);
  }

  /** Learns a layout, unless there are too many. It is made use of when the kernel is made anew. */
  add(layout: Layout): void {
    const slots = this.#slots + layout.slots.length;
    if (this.#layouts.size === LAYOUTS_MAX || slots > SLOTS_MAX) return;
    this.memory ??= kernelMemory(this.#wasm, this.#options.columns);
    // Then lines are read one by one.
    if (this.memory === undefined) return;
    this.#slots = slots;
    this.#layouts.set(layoutKey(layout), layout);
    this.#isStale = true;
    if (this.run === undefined) this.refresh();
  }

  /** Says that a line was read without the kernel. */
  missed(): void {
    if (!this.#isStale) return;
    this.#misses++;
    if (this.#misses === MISSES_MAX) this.refresh();
  }

  /** Makes the kernel anew if layouts were learned since it was made. */
  refresh(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#misses = 0;
    if (this.memory !== undefined) this.run = this.#make(this.memory);
  }

  #make({ map, memory }: KernelMemory): KernelRun {
    const { schema, columns, recordBytesMax } = this.#options;
    const tree = treeOf([...this.#layouts.values()]);
    const plan = { tree, fields: schema.fields, wanted: columns.fields, recordBytesMax, map };
    const module = new this.#wasm.Module(moduleBytes(kernelModule(plan)));
    const env = {
      memory,
      read: (column: number, at: number, row: number) => this.calls?.read(column, at, row),
      skip: (at: number) => this.calls?.skip(at),
      allows: (column: number, start: number, end: number) => this.calls?.allows(column, start, end),
    };
    return new this.#wasm.Instance(module, { env }).exports["run"] as KernelRun;
  }
}
