import type { Schema } from "@df/core";
import { kernelMemory } from "../kernel/memory.ts";
import type { KernelMemory } from "../kernel/memory.ts";
import type { KernelRun } from "../kernel/records.ts";
import { usableWasm } from "@df/core/wasm/usable";
import type { OneFunctionModule, Wasm } from "@df/core/wasm/module";
import { moduleBytes } from "@df/core/wasm/module";
import { kernelModule } from "./kernel-code.ts";
import type { KernelColumns } from "./kernel-columns.ts";
import { membersModule, takesMembers } from "./kernel-members.ts";
import { treeOf } from "./kernel-tree.ts";
import type { Layout } from "./layout.ts";
import { layoutKey } from "./layout.ts";

/** Layouts of a kernel at most, and values in all of them: it is made anew with each layout. */
const LAYOUTS_MAX = 32;
const SLOTS_MAX = 512;
/** Lines of other layouts before code for layouts is made anew, and before there is code for members in any order. */
const MISSES_MAX = 1024;
const LINES_BEFORE_MEMBERS = 4096;

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
 * WebAssembly that reads lines, with the memory it works in: one for all decoders of a source, for it keeps nothing
 * between two calls. It runs for the decoder that has set `calls`.
 */
export class Kernel {
  /** Undefined while there is nothing to run: most inputs are too short for it. */
  memory: KernelMemory | undefined;
  /** Reads lines of the layouts that are known; undefined while none is. */
  run: KernelRun | undefined;
  /** Reads lines whose members come in any order; undefined until many lines had to be read one by one. */
  runMembers: KernelRun | undefined;
  calls: KernelCalls | undefined;
  readonly #wasm: Wasm;
  readonly #options: KernelOptions;
  readonly #layouts: Map<string, Layout> = new Map();
  /** Values in all of them. */
  #slots = 0;
  /** Layouts were learned since their code was made. */
  #isStale = false;
  /** Lines of no known layout since that code is stale, and in all. */
  #misses = 0;
  #lines = 0;

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
    // Then lines are read one by one.
    if (this.#opened() === undefined) return;
    this.#slots = slots;
    this.#layouts.set(layoutKey(layout), layout);
    this.#isStale = true;
    if (this.run === undefined) this.refresh();
  }

  /** Says that a line was of no known layout: after many of them there is code for more. */
  missed(): void {
    this.#lines++;
    if (this.#lines === LINES_BEFORE_MEMBERS) this.#addMembers();
    if (!this.#isStale) return;
    this.#misses++;
    if (this.#misses === MISSES_MAX) this.refresh();
  }

  /** Makes the code for layouts anew if some were learned since it was made. */
  refresh(): void {
    const { memory } = this;
    if (!this.#isStale || memory === undefined) return;
    this.#isStale = false;
    this.#misses = 0;
    const tree = treeOf([...this.#layouts.values()]);
    this.run = this.#make(memory, kernelModule({ ...this.#columns(memory), tree }));
  }

  #addMembers(): void {
    if (!takesMembers(this.#options.schema.fields)) return;
    const memory = this.#opened();
    if (memory !== undefined) this.runMembers = this.#make(memory, membersModule(this.#columns(memory)));
  }

  /** The memory, undefined where there is no room for it. */
  #opened(): KernelMemory | undefined {
    return (this.memory ??= kernelMemory(this.#wasm, this.#options.columns));
  }

  #columns({ map }: KernelMemory): KernelColumns {
    const { schema, columns, recordBytesMax } = this.#options;
    return { fields: schema.fields, wanted: columns.fields, recordBytesMax, map };
  }

  #make({ memory }: KernelMemory, made: OneFunctionModule): KernelRun {
    const module = new this.#wasm.Module(moduleBytes(made));
    const env = {
      memory,
      read: (column: number, at: number, row: number) => this.calls?.read(column, at, row),
      skip: (at: number) => this.calls?.skip(at),
      allows: (column: number, start: number, end: number) => this.calls?.allows(column, start, end),
    };
    return new this.#wasm.Instance(module, { env }).exports["run"] as KernelRun;
  }
}
