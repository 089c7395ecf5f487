import type { ColumnType, Field } from "@df/core";
import { layoutOf, unreachable } from "@df/core";
import type { Layout, Slot } from "./layout.ts";

/**
 * The text of a function that walks over lines of one layout: numbers and indexes, nothing of what a user wrote.
 *
 * Its variables: `b` the bytes and `view` a view of them, `p` the next byte, `row` the row that is written, `line` where
 * it begins; `s` the beginning of a value, `f` its first digit, `w` and `x` four bytes, `v` a number, `negative` its
 * sign, `n` and `e` counts of digits. `break line` gives a line up: it is read again by the interpreted reader. `break
 * slot` goes on behind a value; what comes to the end of a slot is left to the interpreted reader of that value.
 *
 * Four bytes are looked at at once, and keys eight. Nothing is read more than seven bytes behind the line's newline:
 * no step goes over a byte that was not compared with what stands there.
 */
export interface WalkPlan {
  readonly layout: Layout;
  /** All columns, and those that are read, by their index in `Walk.cells`. */
  readonly fields: readonly Field[];
  readonly wanted: readonly Field[];
  readonly recordBytesMax: number;
}

/** Digits that a double always holds exactly. */
const EXACT_DIGITS = 15;
const RETURN = 0x0d;

/** The body of a function that gets `Walk` as `io` and the powers of ten as `powers`. */
export function walkText(plan: WalkPlan): string {
  const { layout, wanted, fields, recordBytesMax } = plan;
  const wantedOf = (slot: Slot): number => wanted.findIndex(({ name }) => name === fields[slot.field]?.name);
  const present = new Set(layout.slots.map(wantedOf));
  const slots = layout.slots.map((slot) => {
    const column = wantedOf(slot);
    const field = wanted[column];
    return literal(slot.literal) + (field === undefined ? skipped(slot.kind) : value(field, column));
  });
  const absent = wanted.map((field, column) => (present.has(column) ? "" : nulled(field, column)));
  const ending = layout.end.at(-2) === RETURN ? 2 : 1;
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
      if (p - line > ${recordBytesMax + ending}) break line;
      ${absent.join("\n      ")}
      positions[row] = base + line;
      starts[row] = line;
      ends[row] = p - ${ending};
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
  const cells = `io.cells[${k}]`;
  const validity = field.nullable ? `, valid${k} = ${cells}.validity` : "";
  switch (layoutOf(field.type)) {
    case "bool":
      return `const values${k} = ${cells}.flags${validity};`;
    case "int":
      return `const values${k} = ${cells}.ints${validity};`;
    case "long":
    case "double":
      return `const values${k} = ${cells}.doubles${validity};`;
    case "text":
      return `const starts${k} = ${cells}.starts, ends${k} = ${cells}.ends${validity};`;
    default:
      return unreachable(layoutOf(field.type) as never);
  }
}

/** Compares bytes with what must stand there, and steps over them. */
function literal(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  const differ: string[] = [];
  let at = 0;
  // The last step overlaps the one before it rather than going byte by byte.
  const step = (size: number, text: (from: number) => string): void => {
    while (length >= size && length - at > size / 2) {
      const from = Math.min(at, length - size);
      differ.push(text(from));
      at = from + size;
    }
  };
  // A comparison of doubles is one of bits, unless they are NaN or 0.
  if (Array.from({ length }, (_, i) => bytes[i] as number).every((byte) => byte < 0x7f)) {
    step(8, (from) => `view.getFloat64(p + ${from}, true) !== ${view.getFloat64(from, true)}`);
  }
  step(4, (from) => `view.getInt32(p + ${from}, true) !== ${view.getInt32(from, true)}`);
  step(2, (from) => `view.getUint16(p + ${from}, true) !== ${view.getUint16(from, true)}`);
  step(1, (from) => `b[p + ${from}] !== ${bytes[from]}`);
  return `if (${differ.join(" || ")}) break line; p += ${length};`;
}

/** Reads a value into column `k`. */
function value(field: Field, k: number): string {
  const given = field.nullable ? `valid${k}[row] = 1;` : "";
  const taken = `${given} break slot;`;
  const isNull = `if (view.getInt32(p, true) === ${word("null")}) { p += 4; ${nulled(field, k)} break slot; }`;
  return `slot: {
        s = p;
        ${fastValue(field.type, k, taken)}
        ${field.nullable ? `p = s; ${isNull}` : ""}
        p = io.read(${k}, s, row);
        if (p < 0) break line;
      }`;
}

/** What is worth reading in place. */
function fastValue(type: ColumnType, k: number, taken: string): string {
  switch (type.kind) {
    case "string": {
      const allowed = type.values === undefined ? "" : `if (!io.allows(${k}, s + 1, p)) break line;`;
      return string(`${allowed} starts${k}[row] = s + 1; ends${k}[row] = p; p++; ${taken}`);
    }
    case "int32":
      return integer(k, { shift: 0, max: 2 ** 31 - 1 }, taken);
    case "int64":
      return integer(k, { shift: 0, max: Number.MAX_SAFE_INTEGER }, taken);
    case "timestamp":
      if (type.json === "iso") return "";
      return integer(
        k,
        { shift: { s: 6, ms: 3, us: 0 }[type.json], max: Number.MAX_SAFE_INTEGER },
        taken,
      );
    case "float64":
      return `${decimalDigits()}
        if (${isExact("n + e")}) { v = v / powers[e]; values${k}[row] = negative ? -v : v; ${taken} }`;
    case "decimal": {
      const max = Math.min(10 ** type.precision - 1, Number.MAX_SAFE_INTEGER);
      return `${decimalDigits()}
        if (${isExact("n + e")} && e <= ${type.scale}) {
          v = v * powers[${type.scale} - e];
          if (v <= ${max}) { values${k}[row] = negative ? 0 - v : v; ${taken} }
        }`;
    }
    case "bool":
      return `if (view.getInt32(p, true) === ${word("true")}) { p += 4; values${k}[row] = 1; ${taken} }
        if (${isFalse}) { p += 5; values${k}[row] = 0; ${taken} }`;
    case "bytes":
    case "date":
    case "json":
      return "";
    default:
      return unreachable(type);
  }
}

/** A whole number of at most 15 digits, times a power of ten; not −0, which is 0 as an integer. */
function integer(k: number, { shift, max }: { shift: number; max: number }, taken: string): string {
  const scaled = shift === 0 ? "v" : `v * ${10 ** shift}`;
  const fits = max === Number.MAX_SAFE_INTEGER && shift === 0 ? "" : `&& v <= ${Math.floor(max / 10 ** shift)}`;
  return `${firstDigits(true)}
        if (${isExact("n")} && b[p] !== 46 ${fits}) { v = ${scaled}; values${k}[row] = negative ? 0 - v : v; ${taken} }`;
}

/** Writes a null to column `k`. */
function nulled(field: Field, k: number): string {
  const empty =
    layoutOf(field.type) === "text" ? `starts${k}[row] = 0; ends${k}[row] = 0;` : `values${k}[row] = 0;`;
  return `valid${k}[row] = 0; ${empty}`;
}

/** Steps over a value that nobody reads, checking it. */
function skipped(kind: Slot["kind"]): string {
  return `slot: {
        s = p;
        ${fastSkip(kind)}
        p = io.skip(s);
        if (p < 0) break line;
      }`;
}

function fastSkip(kind: Slot["kind"]): string {
  switch (kind) {
    case "string":
      return string("p++; break slot;");
    case "number":
      return `${firstDigits(false)} e = 0;
        if (b[p] === 46) { p++; e = p; ${digits(false)} e = p === e ? -1 : 0; }
        if (e === 0 && ${isNumber}) break slot;`;
    case "word":
      return `w = view.getInt32(p, true);
        if (w === ${word("null")} || w === ${word("true")}) { p += 4; break slot; }
        if (${isFalse}) { p += 5; break slot; }`;
    case "nested":
      return "";
    default:
      return unreachable(kind);
  }
}

/** Goes to the end of a string without escapes, and does what is said with `p` at its closing quote. */
function string(then: string): string {
  return `if (b[p] === 34) {
          p++;
          for (;;) {
            w = view.getInt32(p, true);
            x = (((w ^ ${every(2)}) - ${every(0x21)}) | ((w ^ ${every(0x5c)}) - ${every(1)})) & ~w & ${HIGH};
            if (x !== 0) break;
            p += 4;
          }
          p += ${lowestByte("x")};
          if (b[p] === 34) { ${then} }
        }`;
}

/** Sign and digits of the whole part: `f` its first digit, `n` their count. */
function firstDigits(valued: boolean): string {
  return `negative = b[p] === 45;
        if (negative) p++;
        f = p; v = 0;
        ${digits(valued)} n = p - f;`;
}

/** Whole part and fraction, `e` digits of it; −16 where the point has none. */
function decimalDigits(): string {
  return `${firstDigits(true)} e = 0;
        if (b[p] === 46) { p++; ${digits(true)} e = p - f - n - 1; if (e === 0) e = -16; }`;
}

/** Steps over digits, appending them to `v`. */
function digits(valued: boolean): string {
  return `for (;;) {
          w = view.getInt32(p, true) ^ ${every(0x30)};
          x = ((w + ${every(0x76)}) | w) & ${HIGH};
          if (x !== 0) break;
          ${valued ? `v = v * 10000 + ${fourDigits};` : ""}
          p += 4;
        }
        x = ${lowestByte("x")};
        ${valued ? `w = w << (24 - x * 8) << 8; v = v * powers[x] + ${fourDigits};` : ""}
        p += x;`;
}
