import type { Cells } from "./cells.ts";
import type { LineState, Places } from "./line-walks.ts";
import { POWERS } from "./number.ts";
import { OddValues } from "./odd-values.ts";
import type { Scanner } from "./scanner.ts";
import { walkText } from "./walk-text.ts";
import type { WalkPlan } from "./walk-text.ts";

/**
 * Reads lines of one layout into rows, from `io.at` on and up to the first line that it does not know, that begins
 * behind `io.limit`, or that has no room. It says how far it came in `io.at` and `io.row`.
 */
export type Walk = (io: WalkState) => void;

/** What generated code works on, and what it leaves to others. */
export class WalkState implements LineState {
  readonly cells: readonly Cells[];
  readonly values: OddValues;
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** Position of the first byte. */
  base = 0;
  /** Beginning of the next line. */
  at = 0;
  /** Lines that begin behind it may end so close to the end of the bytes that words cannot be read. */
  limit = -1;
  /** Next row, and the first one for which there is no room. */
  row = 0;
  rowEnd = 0;
  /** Nobody has looked. */
  readonly isAscii = false;
  positions: Float64Array = new Float64Array(0);
  starts: Int32Array = new Int32Array(0);
  ends: Int32Array = new Int32Array(0);

  constructor(scan: Scanner, cells: readonly Cells[]) {
    this.values = new OddValues(scan, cells);
    this.cells = cells;
  }

  /** Begins with other bytes, at `at`; the scanner has begun with them, too. */
  begin(bytes: Uint8Array, base: number, at: number): void {
    // Of one class, also where the bytes are a Buffer: the code is compiled for that one.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.base = base;
    this.at = at;
    this.limit = bytes.length < WORD_BYTES ? -1 : this.bytes.lastIndexOf(NEWLINE, -WORD_BYTES);
    this.row = 0;
    this.rowEnd = 0;
  }

  /** Gives rows their places. */
  place({ positions, starts, ends }: Places): void {
    this.positions = positions;
    this.starts = starts;
    this.ends = ends;
  }
}

const NEWLINE = 0x0a;
/** A word is read up to seven bytes behind a newline. */
const WORD_BYTES = 8;

let walks = 0;

/**
 * Makes the code for a layout; undefined where code may not be generated. A number makes its text unique: V8 shares
 * type feedback between functions of equal text.
 */
export function compileWalk(plan: WalkPlan): Walk | undefined {
  const text = `"use strict"; // ${walks++}
return (io) => {${walkText(plan)}
};
//# sourceURL=dataflow:///json-walk`;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- made of numbers and indexes only, see walkText
    const make = new Function("powers", text) as (powers: Float64Array) => Walk;
    return make(POWERS);
  } catch {
    return undefined;
  }
}
