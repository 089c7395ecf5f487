import type { Kernel, KernelCalls } from "./kernel.ts";
import type { KernelMemory } from "./kernel-memory.ts";
import { Lessons } from "./lessons.ts";
import type { LineWalks } from "./line-walks.ts";
import { OddValues } from "./odd-values.ts";
import type { RecordReader } from "./record.ts";
import type { Rows } from "./rows.ts";
import { Worth } from "./worth.ts";

/** Reads the lines of a split by the kernel of its source. Rows and their places are written to the kernel's memory. */
export class KernelLines implements LineWalks, KernelCalls {
  readonly state = { at: 0, limit: -1, row: 0, rowEnd: 0, isAscii: true };
  readonly #records: RecordReader;
  readonly #rows: Rows;
  readonly #kernel: Kernel;
  /** Where rows are written, once there is a kernel. */
  #memory: KernelMemory | undefined;
  readonly #values: OddValues;
  readonly #lessons: Lessons = new Lessons();
  readonly #worth: Worth = new Worth();
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;
  /** Where the lines end that lie in the window. */
  #windowEnd = 0;
  /** What makes an address in the window a place in the bytes. */
  #shift = 0;

  constructor(records: RecordReader, rows: Rows, kernel: Kernel) {
    this.#records = records;
    this.#rows = rows;
    this.#kernel = kernel;
    this.#values = new OddValues(records.scan, records.cells);
  }

  begin(bytes: Uint8Array, base: number, at: number): void {
    this.#lessons.more();
    this.#kernel.refresh();
    this.#share();
    this.#bytes = bytes;
    this.#base = base;
    this.#windowEnd = 0;
    Object.assign(this.state, { at, limit: bytes.length, row: 0, rowEnd: 0, isAscii: true });
  }

  /** Does nothing: they lie in the kernel's memory. */
  place(): void {}

  walk(): void {
    const kernel = this.#kernel;
    const { run } = kernel;
    const memory = this.#memory;
    if (run === undefined || memory === undefined || this.#worth.isPaused()) return;
    const { state } = this;
    const { row } = state;
    kernel.calls = this;
    do {
      if (state.at >= this.#windowEnd && !this.#openWindow(memory)) break;
      const shift = this.#shift;
      const end = this.#windowEnd - shift;
      state.at = run(state.at - shift, end, state.row, state.rowEnd, shift, this.#base) + shift;
      state.row = memory.row;
      if (!memory.isAscii) state.isAscii = false;
    } while (state.at === this.#windowEnd && state.row < state.rowEnd);
    this.#worth.tried(state.row - row);
  }

  learn(start: number): void {
    if (this.#worth.isPausing) return;
    const kernel = this.#kernel;
    kernel.missed();
    const layout = this.#lessons.take(this.#records, start, (key) => (kernel.has(key) ? "known" : "new"));
    if (layout === undefined) return;
    kernel.add(layout);
    this.#share();
  }

  read(column: number, at: number, row: number): number {
    return this.#behind(this.#values.read(column, at + this.#shift, row));
  }

  skip(at: number): number {
    return this.#behind(this.#values.skip(at + this.#shift));
  }

  allows(column: number, start: number, end: number): boolean {
    return this.#values.allows(column, start + this.#shift, end + this.#shift);
  }

  /** The address of the place behind a value that the kernel has not seen. */
  #behind(at: number): number {
    this.state.isAscii = false;
    return at < 0 ? at : at - this.#shift;
  }

  /** Has rows written where the kernel writes them, as soon as it has a memory. */
  #share(): void {
    const { memory } = this.#kernel;
    if (memory === undefined || this.#memory !== undefined) return;
    this.#memory = memory;
    const rows = this.#rows;
    for (const [column, cells] of this.#records.cells.entries())
      cells.share(memory.cellsOf(column), rows.length);
    rows.share(memory);
  }

  #openWindow(memory: KernelMemory): boolean {
    const { at } = this.state;
    this.#windowEnd = memory.open(this.#bytes, at);
    this.#shift = at - memory.map.window;
    return this.#windowEnd > at;
  }
}
