import {
  columnIndex,
  present,
  type Column,
  type ColumnBuilder,
  type DescribedTable,
  type Field,
  type Schema,
  type StateTable,
  type Validity,
  type ValueColumn,
} from "@df/core";
import { appendDoubles, appendLongs } from "@df/core/state/word-columns";
import type { LatestOptions } from "./latest.ts";

/**
 * The first words of a row's value, as ints. Int 0 is the row's mark: bit 0 says that the group is on the list of those
 * to show, the bits above hold 1 + the number of the batch's row that is to take the group's place, 0 for none. The
 * ints after it have a bit per column: it is null.
 */
const HEAD = "#head";
/** Ints from the head to the first null bits. */
const NULLS = 1;
const TWO_32 = 4294967296;

/** A column of the rows that are kept, beside the group's: where it is in a batch and in a row of the table. */
export interface HeldColumn {
  readonly field: Field;
  /** Index in a batch. */
  readonly index: number;
  /** Words from the start of a row. */
  readonly word: number;
  /** Ints from the start of a row to the null bit, and the bit. */
  readonly nullInt: number;
  readonly nullBit: number;
}

/** Rows of a batch and, for each, the word at which its group's row begins in the table. */
export interface Places {
  readonly rows: Int32Array;
  readonly offsets: Int32Array;
  readonly count: number;
}

/** All columns but the group's, in the order in which they tell the latest row: `by`, then the others. */
function heldFields({ group, by }: LatestOptions, { fields }: Schema): readonly Field[] {
  const others = fields.filter(({ name }) => !group.includes(name) && !by.includes(name));
  const first = [...new Set(by)].map((name) =>
    present(
      fields.find((field) => field.name === name),
      name,
    ),
  );
  return [...first, ...others];
}

/** The value columns of the table. */
export function valueColumns(options: LatestOptions, schema: Schema): readonly ValueColumn[] {
  const fields = heldFields(options, schema);
  // Each column has a null bit, nullable or not: where the bits lie then shows in the table's layout.
  const ints = NULLS + Math.ceil(fields.length / 32);
  const columns = fields.map((field) => ({ name: nameOf(field), field }));
  return [{ name: HEAD, words: Math.ceil(ints / 2) }, ...columns];
}

/** Words from the start of a row to its head. */
export function headWord(table: StateTable): number {
  return table.offset(HEAD);
}

/** The columns as they lie in the table. */
export function heldColumns(
  options: LatestOptions,
  schema: Schema,
  table: StateTable,
): readonly HeldColumn[] {
  const nullInt = headWord(table) * 2 + NULLS;
  return heldFields(options, schema).map((field, bit) => ({
    field,
    index: columnIndex(schema, field.name),
    word: table.offset(nameOf(field)),
    nullInt: nullInt + (bit >>> 5),
    nullBit: bit & 31,
  }));
}

/** The columns of a stored table, as they lie there. Their indexes are those among themselves. */
export function storedColumns({ table, spec }: DescribedTable): readonly HeldColumn[] {
  const nullInt = headWord(table) * 2 + NULLS;
  const columns = spec.value.flatMap((column) => ("field" in column ? [column.field] : []));
  return columns.map((field, index) => ({
    field: { ...field, name: field.name.slice(PREFIX.length) },
    index,
    word: table.offset(field.name),
    nullInt: nullInt + (index >>> 5),
    nullBit: index & 31,
  }));
}

/** No column of the engine's begins so. */
const PREFIX = "row.";

function nameOf({ name }: Field): string {
  return `${PREFIX}${name}`;
}

/** Whether the column is null in the row that begins at word `offset`. */
export function isHeldNull(ints: Int32Array, held: HeldColumn, offset: number): boolean {
  return (((ints[offset * 2 + held.nullInt] as number) >>> held.nullBit) & 1) === 1;
}

/** An int64 of the table as a number; beyond 2^53 it is rounded. */
export function longAt(ints: Int32Array, word: number): number {
  return (ints[word * 2 + 1] as number) * TWO_32 + ((ints[word * 2] as number) >>> 0);
}

/** Writes a column of some rows into the table. The text that stood there is freed. */
export function writeColumn(table: StateTable, held: HeldColumn, column: Column, places: Places): void {
  if (column.layout === "text") {
    writeTexts(table, held.word, column, places);
  } else if (column.layout !== "long") {
    writeNumbers(table.words, held.word, column.values, places);
  } else if (column.values instanceof Float64Array) {
    writeLongs(table.ints, held.word, column.values, places);
  } else {
    writeBigints(table.longs, held.word, column.values, places);
  }
  if (held.field.nullable || held.field.optional) writeNulls(table.ints, held, column.validity, places);
}

function writeNumbers(
  words: Float64Array,
  word: number,
  values: Float64Array | Int32Array | Uint8Array,
  { rows, offsets, count }: Places,
): void {
  for (let i = 0; i < count; i++) {
    // Adding 0 makes 0 of −0: equal rows must leave one value, whichever came first.
    words[(offsets[i] as number) + word] = (values[rows[i] as number] as number) + 0;
  }
}

/** Safe integers, without a bigint a row. */
function writeLongs(
  ints: Int32Array,
  word: number,
  values: Float64Array,
  { rows, offsets, count }: Places,
): void {
  for (let i = 0; i < count; i++) {
    const value = values[rows[i] as number] as number;
    const high = Math.floor(value / TWO_32);
    const at = ((offsets[i] as number) + word) * 2;
    ints[at] = value - high * TWO_32;
    ints[at + 1] = high;
  }
}

function writeBigints(
  longs: BigInt64Array,
  word: number,
  values: BigInt64Array,
  { rows, offsets, count }: Places,
): void {
  for (let i = 0; i < count; i++) longs[(offsets[i] as number) + word] = values[rows[i] as number] as bigint;
}

/** Empty text has no place on the heap, as null has none: the null bit tells them apart. */
function writeTexts(
  { words, heap }: StateTable,
  word: number,
  {
    starts,
    ends,
    bytes,
  }: { readonly starts: Int32Array; readonly ends: Int32Array; readonly bytes: Uint8Array },
  { rows, offsets, count }: Places,
): void {
  for (let i = 0; i < count; i++) {
    const at = (offsets[i] as number) + word;
    const row = rows[i] as number;
    const start = starts[row] as number;
    const end = ends[row] as number;
    heap.free(words[at] as number);
    words[at] = start === end ? 0 : heap.put(bytes, start, end);
  }
}

function writeNulls(
  ints: Int32Array,
  { nullInt, nullBit }: HeldColumn,
  validity: Validity | undefined,
  { rows, offsets, count }: Places,
): void {
  for (let i = 0; i < count; i++) {
    const at = (offsets[i] as number) * 2 + nullInt;
    const isNull = validity !== undefined && validity[rows[i] as number] === 0;
    const others = (ints[at] as number) & ~(1 << nullBit);
    ints[at] = isNull ? others | (1 << nullBit) : others;
  }
}

/** Appends the column's values in the rows that begin at the given words. */
export function readColumn(
  table: StateTable,
  held: HeldColumn,
  offsets: Int32Array,
  count: number,
  into: ColumnBuilder,
): void {
  const { words, ints, longs, heap } = table;
  const canBeNull = held.field.nullable || held.field.optional;
  if (!canBeNull && into.layout !== "text") {
    const at = { places: offsets, count, stride: 1, word: held.word };
    if (into.layout === "long") appendLongs(ints, longs, at, into);
    else appendDoubles(words, at, into);
    return;
  }
  for (let i = 0; i < count; i++) {
    const offset = offsets[i] as number;
    const at = offset + held.word;
    if (canBeNull && isHeldNull(ints, held, offset)) into.null();
    else if (into.layout === "text") {
      const bytes = heap.get(words[at] as number);
      into.text(bytes, 0, bytes.length);
    } else if (into.layout === "long") {
      const value = longAt(ints, at);
      if (Number.isSafeInteger(value)) into.number(value);
      else into.bigint(longs[at] as bigint);
    } else into.number(words[at] as number);
  }
}
