import type { Cells } from "../json/cells.ts";
import { Refused } from "../json/refused.ts";
import { isBlank } from "../json/scanner.ts";
import type { Scanner } from "../json/scanner.ts";

const NEWLINE = 0x0a;
const TAB = 0x09;
const MINUS = 0x2d;
const NAN = Buffer.from("NaN");
const INFINITY = Buffer.from("Infinity");
const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");

/**
 * Reads the value that is the whole of `scan.text[textStart .. textEnd)`, which a byte follows that could continue no
 * number, into a row. @throws Refused where it is none of the column
 */
export function readField(cells: Cells, scan: Scanner, row: number): void {
  if (cells.validity !== undefined) cells.validity[row] = 1;
  if (cells.isText) return cells.setText(scan, row);
  const { kind } = cells.field.type;
  if (kind === "json") return readJson(cells, scan, row);
  if (kind === "bool") {
    cells.flags[row] = boolOf(scan);
    return;
  }
  readNumber(cells, scan, row);
}

/** Reads a number by JSON's grammar; of doubles also what JavaScript prints for those that JSON does not have. */
function readNumber(cells: Cells, scan: Scanner, row: number): void {
  const { text, textStart, textEnd, number } = scan;
  if (cells.field.type.kind === "float64") {
    const value = specialDouble(text, textStart, textEnd);
    if (value !== undefined) {
      cells.doubles[row] = value;
      return;
    }
  }
  if (!number.readWhole(text, textStart, textEnd)) throw new Refused("is no number");
  cells.setNumber(number, row);
}

function specialDouble(text: Uint8Array, start: number, end: number): number | undefined {
  if (isWord(text, start, end, NAN)) return Number.NaN;
  if (isWord(text, start, end, INFINITY)) return Number.POSITIVE_INFINITY;
  return text[start] === MINUS && isWord(text, start + 1, end, INFINITY)
    ? Number.NEGATIVE_INFINITY
    : undefined;
}

function boolOf({ text, textStart, textEnd }: Scanner): 0 | 1 {
  if (isWord(text, textStart, textEnd, TRUE)) return 1;
  if (isWord(text, textStart, textEnd, FALSE)) return 0;
  throw new Refused("is no bool: true or false expected");
}

function isWord(text: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (text[start + i] !== word[i]) return false;
  return true;
}

/** Checks JSON text where it stands. What it holds between blanks is kept, but for null. */
function readJson(cells: Cells, scan: Scanner, row: number): void {
  const { bytes, text, textStart, textEnd } = scan;
  const base = text === bytes ? 0 : bytes.length;
  scan.bytes = text;
  try {
    scan.at = textStart;
    scan.blanks();
    const start = scan.at;
    const isNull = scan.takeNull();
    if (!isNull) scan.skipValue(0);
    const end = scan.at;
    // The scanner may have gone beyond the end.
    if (!isBlank(text, end, textEnd)) throw new Refused("is no JSON: one value expected");
    if (isNull) cells.setNull(row);
    else {
      cells.starts[row] = base + start;
      cells.ends[row] = base + end;
    }
  } finally {
    scan.bytes = bytes;
  }
}

/**
 * Writes text with each doubled quote as one to `scan.extra`, and makes it the scanner's text. `isOneLine` line breaks
 * become tabs, which mean the same between JSON's tokens and are refused where a line break is, too.
 */
export function unquote(scan: Scanner, quote: number, isOneLine: boolean): void {
  const { text, textStart, textEnd } = scan;
  const start = scan.reserve(textEnd - textStart + 1);
  const { extra } = scan;
  let to = start;
  for (let at = textStart; at < textEnd; at++) {
    const byte = text[at] as number;
    extra[to++] = isOneLine && byte === NEWLINE ? TAB : byte;
    if (byte === quote) at++;
  }
  // What reads numbers and JSON stops here.
  extra[to] = NEWLINE;
  scan.text = extra;
  scan.textStart = start;
  scan.textEnd = to;
  scan.extraUsed = to + 1;
}
