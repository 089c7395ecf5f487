import type { Cells } from "../json/cells.ts";
import { EXACT_DIGITS, POWERS } from "../json/number.ts";
import { DOUBLED, PLAIN } from "./fields.ts";
import type { Fields } from "./fields.ts";

const MINUS = 0x2d;
const ZERO = 0x30;
/** A point, as a digit would be counted. */
const POINT = 0x2e - ZERO;
/** Four equal bytes: what turns digits into their numbers, and what makes the high bit of others rise. */
const DIGITS = 0x30303030;
const NO_DIGITS = 0x76767676;
const HIGH_BITS = 0x80808080 | 0;

/** Which fields are a column's. */
export interface ColumnOfFields {
  /** Its field in each record. */
  readonly place: number;
  readonly rows: number;
  /** Length of what stands, without quotes, for null; it is no number. */
  readonly nullBytes: number;
}

/**
 * Reads text without doubled quotes into rows from `row` on, where any text is allowed. Returns the first row that takes
 * more to read.
 */
export function readTexts(cells: Cells, fields: Fields, row: number, column: ColumnOfFields): number {
  const { starts, ends, forms, width } = fields;
  const { starts: intoStarts, ends: intoEnds, validity } = cells;
  const { rows, nullBytes } = column;
  for (let field = row * width + column.place; row < rows; row++, field += width) {
    const form = forms[field];
    const start = starts[field] as number;
    const end = ends[field] as number;
    if (form === DOUBLED) break;
    if (form === PLAIN && end - start === nullBytes) {
      if (nullBytes > 0 || validity === undefined) break;
      intoStarts[row] = intoEnds[row] = validity[row] = 0;
      continue;
    }
    intoStarts[row] = start;
    intoEnds[row] = end;
    if (validity !== undefined) validity[row] = 1;
  }
  return row;
}

/**
 * Reads numbers of a few digits, without quotes or exponent, into rows from `row` on. Returns the first row that takes
 * more to read.
 */
export function readNumbers(cells: Cells, fields: Fields, row: number, column: ColumnOfFields): number {
  const { type } = cells.field;
  const { bytes, view, starts, ends, forms, width } = fields;
  const { rows, nullBytes } = column;
  const { validity, decimals } = cells;
  if (type.kind === "bool" || type.kind === "json") return row;
  const into = type.kind === "int32" ? cells.ints : cells.doubles;
  const hasPoint = type.kind === "float64" || type.kind === "decimal";
  const isDouble = type.kind === "float64";
  const max = largest(cells);
  for (let field = row * width + column.place; row < rows; row++, field += width) {
    const start = starts[field] as number;
    const end = ends[field] as number;
    if (forms[field] !== PLAIN) break;
    if (start === end) {
      if (nullBytes > 0 || validity === undefined) break;
      into[row] = validity[row] = 0;
      continue;
    }
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    let value = 0;
    let point = -1;
    let at = first;
    while (at + 4 <= end) {
      const word = view.getInt32(at, true) ^ DIGITS;
      if ((((word + NO_DIGITS) | word) & HIGH_BITS) !== 0) break;
      // First by pairs, then both pairs.
      const pairs = Math.imul(word, 10) + (word >>> 8);
      value = value * 10_000 + (pairs & 255) * 100 + ((pairs >>> 16) & 255);
      at += 4;
    }
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit >= 0 && digit <= 9) value = value * 10 + digit;
      else if (digit === POINT && hasPoint && point < 0) point = at;
      else break;
    }
    // No digit, another character, too many digits, or none on a side of the point.
    if (at < end || first === end || end - first > EXACT_DIGITS || point === first || point + 1 === end)
      break;
    // A 0 in front, and −0.
    if (bytes[first] === ZERO && end - first > 1 && point !== first + 1) break;
    if (isNegative && value === 0) break;
    const fraction = point < 0 ? 0 : end - point - 1;
    if (isDouble) value /= POWERS[fraction] as number;
    else {
      if (fraction > decimals) break;
      value *= POWERS[decimals - fraction] as number;
      if (value > max) break;
    }
    into[row] = isNegative ? -value : value;
    if (validity !== undefined) validity[row] = 1;
  }
  return row;
}

/** The largest number, times its power of ten, that a column surely holds. */
function largest({ field: { type } }: Cells): number {
  if (type.kind === "int32") return 2 ** 31 - 1;
  return type.kind === "decimal"
    ? Math.min(10 ** type.precision - 1, Number.MAX_SAFE_INTEGER)
    : Number.MAX_SAFE_INTEGER;
}
