import { layoutOf } from "../batch/builder.ts";
import type { Layout } from "../batch/column.ts";
import { DataflowError } from "../error.ts";
import { typeName } from "../schema/schema.ts";
import type { TableSpec, ValueColumn } from "./state-store.ts";

/** A key column in a row. */
export interface KeyColumn {
  readonly name: string;
  readonly layout: Layout;
  /** Bit of the null mask, which is word 0; −1 where the column cannot be null. */
  readonly nullBit: number;
  /** Word of the value. */
  readonly word: number;
}

/**
 * How a row lies in memory: words of 8 bytes, key first.
 *
 * Key: a word of null bits if a column can be null, then bool, int, long and double columns, then text columns; each
 * takes one word: bool and int an int32, long 64 bits, double a double with one zero and one NaN, text a heap reference
 * (int32) and a hash (int32). A null has 0 in its word.
 *
 * Value: in the order of the spec. A declared field takes one word, 0 in a fresh row: bool, int and double layouts a
 * double (bool 0 or 1, date in days, timestamp in µs), long layouts (int64, decimal) a raw int64, text layouts a heap
 * reference as a double, 0 for none. There is no null: who needs one keeps it in a word of its own.
 */
export interface TableLayout {
  readonly table: string;
  readonly columns: readonly KeyColumn[];
  readonly keyWords: number;
  readonly rowWords: number;
  /** Ints at the beginning of a key that are compared as they are. */
  readonly plainInts: number;
  /** Words of text key columns: the last ones of the key. */
  readonly keyTexts: readonly number[];
  /** Words of declared text value columns. */
  readonly valueTexts: readonly number[];
  /** Words from the start of a row, by value column. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly panes: boolean;
  /** The layout in words, a line a column: stored in every chunk. */
  readonly lines: readonly string[];
}

/**
 * The layout of a table.
 * @throws DF_STATE_SPEC for more than 64 nullable key columns, or value columns without words or with one name
 */
export function layoutOfTable(table: string, spec: TableSpec): TableLayout {
  const nullable = spec.key.fields.filter((field) => field.nullable || field.optional);
  if (nullable.length > 64)
    throw refused(table, `has ${nullable.length} nullable key columns; at most 64 are possible`);
  let word = nullable.length > 0 ? 1 : 0;
  const words = new Map<string, number>();
  const texts = spec.key.fields.filter((field) => layoutOf(field.type) === "text");
  for (const field of spec.key.fields) if (!texts.includes(field)) words.set(field.name, word++);
  const plainInts = word * 2;
  const keyTexts = texts.map((field) => {
    words.set(field.name, word);
    return word++;
  });
  const keyWords = word;
  const offsets = new Map<string, number>();
  const valueTexts: number[] = [];
  for (const column of spec.value) {
    if (offsets.has(column.name)) throw refused(table, `has two value columns "${column.name}"`);
    offsets.set(column.name, word);
    const size = "words" in column ? column.words : 1;
    if (!Number.isInteger(size) || size < 1) {
      throw refused(table, `has a value column "${column.name}" of ${size} words; it needs at least 1`);
    }
    if ("field" in column && layoutOf(column.field.type) === "text") valueTexts.push(word);
    word += size;
  }
  const columns = spec.key.fields.map((field) => ({
    name: field.name,
    layout: layoutOf(field.type),
    nullBit: nullable.indexOf(field),
    word: words.get(field.name) ?? 0,
  }));
  // A row has at least one word, so that rows of a table without key and value have distinct places.
  const rowWords = Math.max(word, 1);
  const panes = spec.panes === true;
  const lines = linesOf(spec);
  return { table, columns, keyWords, rowWords, plainInts, keyTexts, valueTexts, offsets, panes, lines };
}

/** Whether a key is one number that cannot be null, as most keys are. */
export function isOneWord({ keyWords, plainInts }: TableLayout): boolean {
  return keyWords === 1 && plainInts === 2;
}

/** Whether a chunk was written with the layout of the open table. */
export function hasLayout({ lines }: TableLayout, stored: readonly string[]): boolean {
  return lines.length === stored.length && lines.every((line, index) => line === stored[index]);
}

/**
 * Compares the layout a chunk was written with to that of the open table.
 * @throws DF_STATE_CHANGED naming the first difference
 */
export function assertSameLayout(layout: TableLayout, stored: readonly string[]): void {
  const length = Math.max(stored.length, layout.lines.length);
  for (let i = 0; i < length; i++) {
    const was = stored[i] ?? "no further column";
    const is = layout.lines[i] ?? "no further column";
    if (was === is) continue;
    throw new DataflowError(
      "DF_STATE_CHANGED",
      `State table "${layout.table}" was stored with ${was}, the pipeline now opens it with ${is}. ` +
        `Go back to the pipeline that wrote it, or start with a new state directory.`,
    );
  }
}

function linesOf(spec: TableSpec): string[] {
  return [...keyLines(spec), ...spec.value.map(valueLine)];
}

/** Whether there are panes, and the key, in words. */
export function keyLines({ key, panes }: TableSpec): string[] {
  const columns = key.fields.map(
    ({ name, type, nullable, optional }) =>
      `key ${JSON.stringify(name)} ${typeName(type)}${nullable || optional ? " or null" : ""}`,
  );
  return [panes === true ? "panes" : "one pane", ...columns];
}

/** A value column in words. */
export function valueLine(column: ValueColumn): string {
  const what = "words" in column ? `${column.words} words` : typeName(column.field.type);
  return `value ${JSON.stringify(column.name)} ${what}`;
}

function refused(table: string, what: string): DataflowError {
  return new DataflowError("DF_STATE_SPEC", `State table "${table}" ${what}.`);
}
