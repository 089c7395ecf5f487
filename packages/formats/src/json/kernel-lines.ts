import type { KernelMemory } from "../kernel/memory.ts";
import { Windows } from "../kernel/windows.ts";
import type { WindowState } from "../kernel/windows.ts";
import type { Kernel, KernelCalls } from "./kernel.ts";
import { Lessons } from "./lessons.ts";
import type { LineWalks } from "./line-walks.ts";
import { OddValues } from "./odd-values.ts";
import type { RecordReader } from "./record.ts";
import type { Rows } from "./rows.ts";
import { Worth } from "./worth.ts";

/** Reads the lines of a split by the kernel of its source. Rows and their places are written to the kernel's memory. */
export class KernelLines implements LineWalks, KernelCalls {
  readonly #windows: Windows = new Windows();
  readonly state: WindowState = this.#windows.state;
  readonly #records: RecordReader;
  readonly #rows: Rows;
  readonly #kernel: Kernel;
  /** Where rows are written, once there is a kernel. */
  #memory: KernelMemory | undefined;
  readonly #values: OddValues;
  readonly #lessons: Lessons = new Lessons();
  readonly #worth: Worth = new Worth();

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
    this.#windows.begin(bytes, base, at);
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
    this.#windows.walk(run, memory);
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
    const windows = this.#windows;
    return windows.behind(this.#values.read(column, windows.placeOf(at), row));
  }

  skip(at: number): number {
    const windows = this.#windows;
    return windows.behind(this.#values.skip(windows.placeOf(at)));
  }

  allows(column: number, start: number, end: number): boolean {
    const windows = this.#windows;
    return this.#values.allows(column, windows.placeOf(start), windows.placeOf(end));
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
}
