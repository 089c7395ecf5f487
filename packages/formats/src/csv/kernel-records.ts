import type { KernelMemory } from "../kernel/memory.ts";
import { Windows } from "../kernel/windows.ts";
import type { Rows } from "../json/rows.ts";
import type { ColumnReader } from "./columns.ts";
import type { CsvKernels, Kernel, KernelCalls } from "./kernel.ts";

/** Reads records by the kernels of a source. Rows and their places are written to the kernels' memory. */
export class KernelRecords implements KernelCalls {
  readonly #reader: ColumnReader;
  readonly #rows: Rows;
  readonly #kernels: CsvKernels;
  readonly #windows: Windows = new Windows();
  #kernel: Kernel | undefined;
  /** Where rows are written, once there is a kernel. */
  #memory: KernelMemory | undefined;

  constructor(reader: ColumnReader, rows: Rows, kernels: CsvKernels) {
    this.#reader = reader;
    this.#rows = rows;
    this.#kernels = kernels;
  }

  /** Begins with other bytes, whose first has the position `base`; false while there is no kernel. */
  begin(bytes: Uint8Array, base: number): boolean {
    this.#kernel ??= this.#kernels.get(this.#reader.order, bytes.length);
    if (this.#kernel === undefined) return false;
    this.#share(this.#kernel.memory);
    this.#windows.begin(bytes, base, 0);
    return true;
  }

  /**
   * Adds rows for records from `at` on while there are fewer than `rowsMax`, up to one that takes more to read; the place
   * of that record.
   */
  walk(at: number, rowsMax: number): number {
    const { run, memory } = this.#kernel as Kernel;
    const { state } = this.#windows;
    this.#kernels.calls = this;
    state.at = at;
    state.row = this.#rows.length;
    state.rowEnd = rowsMax;
    this.#windows.walk(run, memory);
    this.#rows.length = state.row;
    return state.at;
  }

  /** Says that a record was read elsewhere, and may hold anything. */
  passed(): void {
    this.#windows.state.isAscii = false;
  }

  /** Whether all that was read since `begin` is known to be ASCII. */
  get isAscii(): boolean {
    return this.#windows.state.isAscii;
  }

  read(column: number, at: number, row: number): number {
    const windows = this.#windows;
    return windows.behind(this.#reader.readAt(column, windows.placeOf(at), row));
  }

  allows(column: number, start: number, end: number): boolean {
    const windows = this.#windows;
    return this.#reader.allows(column, windows.placeOf(start), windows.placeOf(end));
  }

  /** Has rows written where the kernels write them. */
  #share(memory: KernelMemory): void {
    if (this.#memory === memory) return;
    this.#memory = memory;
    this.#reader.share(memory);
    this.#rows.share(memory);
  }
}
