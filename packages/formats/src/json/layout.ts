import type { Names } from "./names.ts";
import type { Scanner } from "./scanner.ts";

/** Keys of a layout at most: V8 does not compile functions of any length. */
const SLOTS_MAX = 64;
/** Bytes of a layout at most. */
const BYTES_MAX = 4096;
const NEWLINE = 0x0a;

/** How the records of a source are written: everything between their values, byte by byte. */
export interface Layout {
  readonly slots: readonly Slot[];
  /** What stands between the last value and the next line, its newline included. */
  readonly end: Uint8Array;
}

/** One value of a layout. */
export interface Slot {
  /** What stands before the value, from the value before it or the beginning of the line on. */
  readonly literal: Uint8Array;
  /** Index of its column in the full schema; −1 where its key is no column. */
  readonly field: number;
  /** What most likely stands here. */
  readonly kind: "string" | "number" | "word" | "nested";
}

/**
 * The layout of the record at `start`, which is known to be valid, so what is no value or blank is where it must be.
 * Undefined where it is too long to be worth code of its own. Moves the scanner.
 */
export function learnLayout(scan: Scanner, names: Names, start: number): Layout | undefined {
  const { extraUsed } = scan;
  const slots: Slot[] = [];
  scan.at = start;
  scan.blanks();
  scan.at++;
  scan.blanks();
  let from = start;
  let length = 0;
  while (scan.bytes[scan.at] !== 0x7d && slots.length < SLOTS_MAX && length < BYTES_MAX) {
    const slot = learnSlot(scan, names, from);
    slots.push(slot);
    length += slot.literal.length;
    from = scan.at;
    scan.blanks();
    if (scan.bytes[scan.at] === 0x2c) {
      scan.at++;
      scan.blanks();
    }
  }
  // Keys with escapes are of no use beyond this point.
  scan.extraUsed = extraUsed;
  if (scan.bytes[scan.at] !== 0x7d) return undefined;
  const end = copy(scan.bytes, from, scan.bytes.indexOf(NEWLINE, scan.at) + 1);
  return length + end.length > BYTES_MAX ? undefined : { slots, end };
}

/** Reads a key and passes its value. */
function learnSlot(scan: Scanner, names: Names, from: number): Slot {
  scan.readString();
  const field = names.find(scan.text, scan.textStart, scan.textEnd);
  scan.blanks();
  scan.at++;
  scan.blanks();
  const slot = {
    literal: copy(scan.bytes, from, scan.at),
    field,
    kind: kindOf(scan.bytes[scan.at] as number),
  };
  scan.skipValue(1);
  return slot;
}

/** Text that is equal for equal layouts; newlines stand only between its parts. What stands in the slots is no part. */
export function layoutKey({ slots, end }: Layout): string {
  const literals = [...slots.map(({ literal }) => literal), end];
  return literals.map((literal) => Buffer.from(literal).toString("latin1")).join("\n");
}

function kindOf(byte: number): Slot["kind"] {
  if (byte === 0x22) return "string";
  if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return "number";
  return byte === 0x7b || byte === 0x5b ? "nested" : "word";
}

/** A copy also of a Buffer, whose `slice` would share its memory. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
