import type { Kernel, KernelCalls } from "./kernel.ts";
import { Lessons } from "./lessons.ts";
import type { LineWalks } from "./line-walks.ts";
import { OddValues } from "./odd-values.ts";
import type { RecordReader } from "./record.ts";
import { Worth } from "./worth.ts";

/** Reads the lines of a split by the kernel of its source. Rows and their places are written to the kernel's memory. */
export class KernelLines implements LineWalks, KernelCalls {
  readonly state = { at: 0, limit: -1, row: 0, rowEnd: 0, isAscii: true };
  readonly #records: RecordReader;
  readonly #kernel: Kernel;
  readonly #values: OddValues;
  readonly #lessons: Lessons = new Lessons();
  readonly #worth: Worth = new Worth();
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;
  /** Where the lines end that lie in the window. */
  #windowEnd = 0;
  /** What makes an address in the window a place in the bytes. */
  #shift = 0;

  constructor(records: RecordReader, kernel: Kernel) {
    this.#records = records;
    this.#kernel = kernel;
    this.#values = new OddValues(records.scan, records.cells);
    for (const [column, cells] of records.cells.entries()) cells.share(kernel.memory.cellsOf(column));
  }

  begin(bytes: Uint8Array, base: number, at: number): void {
    this.#lessons.more();
    this.#kernel.refresh();
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
    if (run === undefined || this.#worth.isPaused()) return;
    const { state } = this;
    const { row } = state;
    kernel.calls = this;
    do {
      if (state.at >= this.#windowEnd && !this.#openWindow()) break;
      const shift = this.#shift;
      const end = this.#windowEnd - shift;
      state.at = run(state.at - shift, end, state.row, state.rowEnd, shift, this.#base) + shift;
      state.row = kernel.memory.row;
      if (!kernel.memory.isAscii) state.isAscii = false;
    } while (state.at === this.#windowEnd && state.row < state.rowEnd);
    this.#worth.tried(state.row - row);
  }

  learn(start: number): void {
    if (this.#worth.isPausing) return;
    const kernel = this.#kernel;
    kernel.missed();
    const layout = this.#lessons.take(this.#records, start, (key) => (kernel.has(key) ? "known" : "new"));
    if (layout !== undefined) kernel.add(layout);
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

  #openWindow(): boolean {
    const { memory } = this.#kernel;
    const { at } = this.state;
    this.#windowEnd = memory.open(this.#bytes, at);
    this.#shift = at - memory.map.window;
    return this.#windowEnd > at;
  }
}
