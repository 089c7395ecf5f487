import type { KernelMemory } from "../kernel/memory.ts";
import { Windows } from "../kernel/windows.ts";
import type { WindowState } from "../kernel/windows.ts";
import { NEWLINE, RETURN } from "../line-ends.ts";
import type { Kernel, KernelCalls } from "./kernel.ts";
import { Lessons } from "./lessons.ts";
import type { LineWalks } from "./line-walks.ts";
import { OddValues } from "./odd-values.ts";
import type { RecordReader } from "./record.ts";
import type { Rows } from "./rows.ts";
import { Worth } from "./worth.ts";

/**
 * Tries that pay for each row they read: one that fails late takes a sixth of an interpreted record where the layout
 * differs, a third where the members do. Beside those, reading a line's members is hardly dearer than failing first.
 */
const LAYOUT_TRIES_MAX = 6;
const LAYOUT_TRIES_BESIDE_MEMBERS_MAX = 1;
const MEMBERS_TRIES_MAX = 3;

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
  /** Of trying layouts, and of trying members in any order. */
  readonly #worth: Worth = new Worth();
  readonly #membersWorth: Worth = new Worth();

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
    this.#kernel.calls = this;
    const { state } = this;
    do this.#walkLayouts();
    while (state.row < state.rowEnd && !this.#isEmpty() && this.#walkMembers());
    if (this.#worth.isPausing) this.#worth.passed(1);
  }

  /** Reads lines of layouts that are known. */
  #walkLayouts(): void {
    const { run, runMembers } = this.#kernel;
    const memory = this.#memory;
    if (run === undefined || memory === undefined || this.#worth.isPausing) return;
    const { state } = this;
    const { row } = state;
    const isGivenUp = this.#windows.walk(run, memory);
    const isBeside = runMembers !== undefined && !this.#membersWorth.isPausing;
    const triesMax = isBeside ? LAYOUT_TRIES_BESIDE_MEMBERS_MAX : LAYOUT_TRIES_MAX;
    this.#worth.tried(state.row - row, triesMax, Number(isGivenUp && !this.#isEmpty()));
  }

  /** Whether the next line is empty: it is passed over, and says nothing about what pays. */
  #isEmpty(): boolean {
    const byte = this.#records.scan.bytes[this.state.at];
    return byte === NEWLINE || byte === RETURN;
  }

  /**
   * Reads the line that comes, or all that come where no layout may know them, their members in any order. Whether
   * layouts may know the next one.
   */
  #walkMembers(): boolean {
    const { run, runMembers } = this.#kernel;
    const memory = this.#memory;
    if (runMembers === undefined || memory === undefined || this.#membersWorth.isPaused()) return false;
    const { state } = this;
    const { at, row, rowEnd } = state;
    const isOne = !this.#worth.isPausing && (run !== undefined || this.#lessons.isLeft);
    if (isOne) state.rowEnd = row + 1;
    const isGivenUp = this.#windows.walk(runMembers, memory);
    state.rowEnd = rowEnd;
    const rows = state.row - row;
    this.#membersWorth.tried(rows, MEMBERS_TRIES_MAX, Number(isGivenUp && !this.#isEmpty()));
    if (isOne && rows > 0) this.learn(at);
    else this.#worth.passed(rows);
    return isOne && rows > 0;
  }

  learn(start: number): void {
    if (this.#worth.isPausing) return;
    const kernel = this.#kernel;
    kernel.missed();
    const layout = this.#lessons.take(this.#records, start, (key) => (kernel.has(key) ? "known" : "new"));
    if (layout !== undefined) kernel.add(layout);
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
