import type { Schema } from "@df/core";
import { BATCH_ROWS_MAX, layoutOf, unreachable } from "@df/core";
import type { Wasm } from "@df/core/wasm/module";
import { whereThereIsRoom } from "@df/core/wasm/usable";
import type { CellArrays } from "../json/cells.ts";
import { MONTHS } from "../json/months.ts";
import { POWERS } from "../json/number.ts";

/** Addresses of int32, of powers of ten as doubles and int64, of `MONTHS`, of lengths (int32), and of what is in rows. */
export const AREAS = {
  row: 0,
  notAscii: 4,
  doublePowers: 8,
  longPowers: 192,
  months: 264,
  lengths: 1064,
  rows: 16384,
} as const;

/** Hands out addresses for lengths. */
export class Lengths {
  #next: number = AREAS.lengths;

  /** The next one, undefined where there are no more. */
  take(): number | undefined {
    if (this.#next === AREAS.rows) return undefined;
    this.#next += 4;
    return this.#next - 4;
  }
}

/** Bytes of complete lines that are looked at at once: few enough to stay in the processor's cache. */
const WINDOW_BYTES = 128 * 1024;
/** The same where not even one line is that short. Memory that is never written to takes no room. */
const WINDOW_BYTES_MAX = 1024 * 1024 + 4096;
/** Room behind them: words are read there, though nothing follows from them. */
const BEHIND_BYTES = 64;
const PAGE_BYTES = 65536;

/** Addresses of a column's arrays; `ends` for text only, `validity` where it is nullable. */
export interface ColumnAddresses {
  readonly values: number;
  readonly ends: number;
  readonly validity: number;
}

/** Where rows and bytes lie in the memory of a kernel. */
export interface KernelMap {
  readonly columns: readonly ColumnAddresses[];
  readonly positions: number;
  readonly starts: number;
  readonly ends: number;
  readonly window: number;
  readonly sizeBytes: number;
}

/** The map for these columns. Every array has room for the rows of a batch. */
export function kernelMap({ fields }: Schema): KernelMap {
  let used: number = AREAS.rows;
  const take = (bytesARow: number): number =>
    (used += bytesARow * BATCH_ROWS_MAX) - bytesARow * BATCH_ROWS_MAX;
  const columns = fields.map(({ type, nullable }) => ({
    values: take(bytesOf(layoutOf(type))),
    ends: layoutOf(type) === "text" ? take(4) : 0,
    validity: nullable ? take(1) : 0,
  }));
  const [positions, starts, ends] = [take(8), take(4), take(4)];
  return {
    columns,
    positions,
    starts,
    ends,
    window: used,
    sizeBytes: used + WINDOW_BYTES_MAX + BEHIND_BYTES,
  };
}

function bytesOf(layout: ReturnType<typeof layoutOf>): number {
  switch (layout) {
    case "bool":
      return 1;
    case "int":
    case "text":
      return 4;
    case "long":
    case "double":
      return 8;
    default:
      return unreachable(layout);
  }
}

/** The memory of a kernel for these columns; undefined where there is no room for it. */
export function kernelMemory(wasm: Wasm, columns: Schema): KernelMemory | undefined {
  return whereThereIsRoom(() => new KernelMemory(wasm, columns));
}

/** The memory that a kernel works in: a window of the input, and the rows that are read from it. */
export class KernelMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly map: KernelMap;
  readonly #cells: readonly CellArrays[];
  readonly positions: Float64Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #results: Int32Array;
  readonly #window: Uint8Array;

  /** @throws RangeError where there is no room for it */
  constructor(wasm: Wasm, columns: Schema) {
    const map = (this.map = kernelMap(columns));
    this.memory = new wasm.Memory({ initial: Math.ceil(map.sizeBytes / PAGE_BYTES) });
    const { buffer } = this.memory;
    new Float64Array(buffer, AREAS.doublePowers, POWERS.length).set(POWERS);
    new BigInt64Array(buffer, AREAS.longPowers, 9).set(Array.from({ length: 9 }, (_, i) => 10n ** BigInt(i)));
    new Int32Array(buffer, AREAS.months, MONTHS.length).set(MONTHS);
    this.#results = new Int32Array(buffer, AREAS.row, 2);
    this.#window = new Uint8Array(buffer, map.window, WINDOW_BYTES_MAX);
    this.positions = new Float64Array(buffer, map.positions, BATCH_ROWS_MAX);
    this.starts = new Int32Array(buffer, map.starts, BATCH_ROWS_MAX);
    this.ends = new Int32Array(buffer, map.ends, BATCH_ROWS_MAX);
    this.#cells = columns.fields.map(({ type }, at) => {
      const { values, ends, validity } = map.columns[at] as ColumnAddresses;
      return {
        flags: new Uint8Array(buffer, values, layoutOf(type) === "bool" ? BATCH_ROWS_MAX : 0),
        ints: new Int32Array(buffer, values, layoutOf(type) === "int" ? BATCH_ROWS_MAX : 0),
        doubles: new Float64Array(buffer, values, bytesOf(layoutOf(type)) === 8 ? BATCH_ROWS_MAX : 0),
        starts: new Int32Array(buffer, values, layoutOf(type) === "text" ? BATCH_ROWS_MAX : 0),
        ends: new Int32Array(buffer, ends, layoutOf(type) === "text" ? BATCH_ROWS_MAX : 0),
        validity: validity === 0 ? undefined : new Uint8Array(buffer, validity, BATCH_ROWS_MAX),
      };
    });
  }

  /** Where the kernel writes the values of a column. */
  cellsOf(column: number): CellArrays {
    return this.#cells[column] as CellArrays;
  }

  /** The row behind the last one that the kernel wrote. */
  get row(): number {
    return this.#results[0] as number;
  }

  /** Whether what the kernel has read of late may hold bytes that are not ASCII. */
  get isAscii(): boolean {
    return this.#results[1] === 0;
  }

  /** Copies the complete lines that begin at `at`, as many as there is room for; the place behind them. */
  open(bytes: Uint8Array, at: number): number {
    const end = endOfLines(bytes, at, WINDOW_BYTES) ?? endOfLines(bytes, at, WINDOW_BYTES_MAX) ?? at;
    this.#window.set(bytes.subarray(at, end));
    return end;
  }
}

const NEWLINE = 0x0a;

/** The place behind the last line that is complete within `room` bytes, if there is one. */
function endOfLines(bytes: Uint8Array, at: number, room: number): number | undefined {
  const end = bytes.lastIndexOf(NEWLINE, Math.min(bytes.length, at + room) - 1) + 1;
  return end > at ? end : undefined;
}
