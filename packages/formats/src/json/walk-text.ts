import type { ColumnType, Field } from "@df/core";
import { layoutOf, unreachable } from "@df/core";
import type { Layout, Slot } from "./layout.ts";
import {
  IS_FALSE,
  IS_NUMBER,
  fourLetters,
  fraction,
  isExact,
  literal,
  string,
  wholePart,
} from "./walk-tokens.ts";

const RETURN = 0x0d;
const SHIFTS = { s: 6, ms: 3, us: 0 } as const;

/** What a generated function is made for. */
export interface WalkPlan {
  readonly layout: Layout;
  /** All columns, and those that are read, in the order of `WalkState.cells`. */
  readonly fields: readonly Field[];
  readonly wanted: readonly Field[];
  readonly recordBytesMax: number;
}

/**
 * The body of a function that walks over lines of one layout, given a `WalkState` as `io` and the powers of ten as
 * `powers`. It consists of numbers and indexes, and holds nothing that a user wrote but the bytes of keys as numbers.
 *
 * Its variables: `b` the bytes and `view` a view of them, `p` the next byte, `row` the row that is written, `line`
 * where it begins; `s` the beginning of a value, `f` its first digit, `v` its number, `negative` its sign, `n` and
 * `e` counts of digits, `w` four bytes and `x` what was found in them. `break line` gives a line up: somebody else
 * reads it. `break slot` goes on behind a value; one that does not is read, or refused, by the reader of any value.
 */
export function walkText(plan: WalkPlan): string {
  const { layout, wanted, fields, recordBytesMax } = plan;
  const columnOf = (slot: Slot): number => wanted.findIndex(({ name }) => name === fields[slot.field]?.name);
  const present = new Set(layout.slots.map(columnOf));
  const slots = layout.slots.map((slot) => {
    const column = columnOf(slot);
    const field = wanted[column];
    return `${literal(slot.literal)}\n      ${field === undefined ? skipped(slot.kind) : read(field, column)}`;
  });
  const absent = wanted.map((field, column) => (present.has(column) ? "" : nulled(field, column)));
  const endBytes = layout.end.at(-2) === RETURN ? 2 : 1;
  return `
  const b = io.bytes, view = io.view, limit = io.limit, rowEnd = io.rowEnd, base = io.base;
  const positions = io.positions, starts = io.starts, ends = io.ends;
  ${wanted.map(arrays).join("\n  ")}
  let p = io.at, row = io.row, line = 0, s = 0, f = 0, w = 0, x = 0, v = 0, n = 0, e = 0, negative = false;
  while (p <= limit && row < rowEnd) {
    line: {
      line = p;
      ${slots.join("\n      ")}
      ${literal(layout.end)}
      if (p - line > ${recordBytesMax + endBytes}) break line;
      ${absent.join("\n      ")}
      positions[row] = base + line;
      starts[row] = line;
      ends[row] = p - ${endBytes};
      row++;
      continue;
    }
    p = line;
    break;
  }
  io.at = p;
  io.row = row;`;
}

/** The arrays of column `k`. */
function arrays(field: Field, k: number): string {
  const validity = field.nullable ? `, valid${k} = io.cells[${k}].validity` : "";
  const layout = layoutOf(field.type);
  switch (layout) {
    case "bool":
      return `const values${k} = io.cells[${k}].flags${validity};`;
    case "int":
      return `const values${k} = io.cells[${k}].ints${validity};`;
    case "long":
    case "double":
      return `const values${k} = io.cells[${k}].doubles${validity};`;
    case "text":
      return `const starts${k} = io.cells[${k}].starts, ends${k} = io.cells[${k}].ends${validity};`;
    default:
      return unreachable(layout);
  }
}

/** Reads a value into column `k`. */
function read(field: Field, k: number): string {
  const taken = `${field.nullable ? `valid${k}[row] = 1; ` : ""}break slot;`;
  const takeNull = `p = s;
        if (view.getInt32(p, true) === ${fourLetters("null")}) { p += 4; ${nulled(field, k)} break slot; }`;
  return `slot: {
        s = p;
        ${readFast(field.type, k, taken)}
        ${field.nullable ? takeNull : ""}
        p = io.values.read(${k}, s, row);
        if (p < 0) break line;
      }`;
}

/** Reads what is common and simple. */
function readFast(type: ColumnType, k: number, taken: string): string {
  switch (type.kind) {
    case "string": {
      const check = type.values === undefined ? "" : `if (!io.values.allows(${k}, s + 1, p)) break line; `;
      return string(`${check}starts${k}[row] = s + 1; ends${k}[row] = p; p++; ${taken}`);
    }
    case "int32":
      return readInteger({ k, shift: 0, max: 2 ** 31 - 1 }, taken);
    case "int64":
      return readInteger({ k, shift: 0, max: Number.MAX_SAFE_INTEGER }, taken);
    case "timestamp":
      if (type.json === "iso") return "";
      return readInteger({ k, shift: SHIFTS[type.json], max: Number.MAX_SAFE_INTEGER }, taken);
    case "float64":
      return `${wholePart(true)} ${fraction(true)}
        if (${isExact("n + e")}) { v = v / powers[e]; values${k}[row] = negative ? -v : v; ${taken} }`;
    case "decimal":
      return `${wholePart(true)} ${fraction(true)}
        const largest = ${Math.min(10 ** type.precision - 1, Number.MAX_SAFE_INTEGER)};
        if (${isExact("n + e")} && e <= ${type.scale}) {
          v = v * powers[${type.scale} - e];
          if (v <= largest) { values${k}[row] = negative ? 0 - v : v; ${taken} }
        }`;
    case "bool":
      return `if (view.getInt32(p, true) === ${fourLetters("true")}) { p += 4; values${k}[row] = 1; ${taken} }
        if (${IS_FALSE}) { p += 5; values${k}[row] = 0; ${taken} }`;
    case "bytes":
    case "date":
    case "json":
      return "";
    default:
      return unreachable(type);
  }
}

/** Reads a whole number of few digits, times a power of ten. −0 becomes 0, as it is for all integers. */
function readInteger({ k, shift, max }: { k: number; shift: number; max: number }, taken: string): string {
  return `${wholePart(true)}
        if (${isExact("n")} && b[p] !== 46 && v <= ${Math.floor(max / 10 ** shift)}) {
          v = v * ${10 ** shift};
          values${k}[row] = negative ? 0 - v : v;
          ${taken}
        }`;
}

/** Writes a null to column `k`. */
function nulled(field: Field, k: number): string {
  const isText = layoutOf(field.type) === "text";
  return `valid${k}[row] = 0; ${isText ? `starts${k}[row] = 0; ends${k}[row] = 0;` : `values${k}[row] = 0;`}`;
}

/** Steps over a value that nobody reads, checking it. */
function skipped(kind: Slot["kind"]): string {
  return `slot: {
        s = p;
        ${skipFast(kind)}
        p = io.values.skip(s);
        if (p < 0) break line;
      }`;
}

function skipFast(kind: Slot["kind"]): string {
  switch (kind) {
    case "string":
      return string("p++; break slot;");
    case "number":
      return `${wholePart(false)} ${fraction(false)}
        if (${IS_NUMBER}) break slot;`;
    case "word":
      return `w = view.getInt32(p, true);
        if (w === ${fourLetters("null")} || w === ${fourLetters("true")}) { p += 4; break slot; }
        if (${IS_FALSE}) { p += 5; break slot; }`;
    case "nested":
      return "";
    default:
      return unreachable(kind);
  }
}
