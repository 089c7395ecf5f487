/** What an operator put out, as plain rows, and how two such lists are compared. */
import { BEGINNING, clockAt, diffAt, pick, type Batch, type Label, type Shape, type Time } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { failure } from "./failure.ts";
import type { PlainRow } from "./log.ts";

/** One row of an output. */
export interface Change {
  readonly row: PlainRow;
  readonly diff: number;
  /** Event time, µs. */
  readonly time: Time;
  readonly clock: Time;
}

/** A row that an oracle expects; what it leaves out is not compared. */
export interface Expected {
  readonly row: PlainRow;
  /** Default 1. */
  readonly diff?: number | undefined;
  /** Compared if all expected rows of the port state it. */
  readonly time?: Time | undefined;
}

/** The rows of a batch as changes; a delete of an upsert stream shows its key columns only. */
export function changesOf(batch: Batch, shape: Shape): Change[] {
  return rowsOf(batch).map((row, index) => {
    const diff = diffAt(batch, index);
    const plain = Object.fromEntries(Object.entries(row));
    return {
      row: visible(plain, diff, shape),
      diff,
      time: batch.times[index] as number,
      clock: clockAt(batch, index),
    };
  });
}

function visible(row: PlainRow, diff: number, shape: Shape): PlainRow {
  if (shape.change !== "upsert" || diff > 0) return row;
  return Object.fromEntries(shape.key.map((name) => [name, row[name]]));
}

/** Text that is equal for equal values. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "0" : String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(show).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${name}:${show(item)}`).join(" ")}}`;
}

/** How two outputs are compared: as their label says, and `arrival` like `identical`. */
export interface Comparison {
  readonly label: Label;
  /** Whether the order of a key's changes counts too. */
  readonly keyOrder: boolean;
}

/** Throws, naming what is missing and what is too much, unless the output is what was expected. */
export function assertSame(
  actual: readonly Change[],
  expected: readonly Expected[],
  shape: Shape,
  comparison: Comparison,
): void {
  const timed = expected.length > 0 && expected.every(({ time }) => time !== undefined);
  const wanted = normalised(expected, shape);
  const isState = comparison.label === "convergent";
  const counts = new Map<string, number>();
  for (const change of isState ? lastState(actual, shape) : actual) add(counts, line(change, timed), 1);
  for (const change of isState ? lastState(wanted, shape) : wanted) add(counts, line(change, timed), -1);
  const much = [...counts].filter(([, count]) => count > 0);
  const missing = [...counts].filter(([, count]) => count < 0);
  if (much.length + missing.length > 0) {
    const words = (lines: [string, number][]) =>
      lines
        .slice(0, 8)
        .map(([text, count]) => `\n    ${Math.abs(count)} x ${text}`)
        .join("");
    failure(
      `output differs from the oracle (${actual.length} rows, expected ${expected.length})` +
        `\n  not expected:${words(much)}\n  missing:${words(missing)}`,
    );
  }
  if (comparison.keyOrder && shape.key.length > 0) assertKeyOrder(actual, wanted, shape);
}

/** Values as the engine reads them back: a Date that was expected becomes the number that is delivered. */
function normalised(expected: readonly Expected[], shape: Shape): Change[] {
  return expected.map(({ row, diff = 1, time = BEGINNING }) => {
    const isDelete = shape.change === "upsert" && diff < 0;
    const schema = isDelete ? pick(shape.schema, shape.key) : shape.schema;
    const plain = Object.fromEntries(schema.fields.map(({ name }) => [name, row[name] ?? null]));
    const read = rowsOf(batchOf(schema, [plain]))[0] ?? {};
    return { row: Object.fromEntries(Object.entries(read)), diff, time, clock: BEGINNING };
  });
}

function line({ row, diff, time }: Change, timed: boolean): string {
  return `${diff > 0 ? "+" : ""}${diff} ${show(row)}${timed ? ` at ${time}` : ""}`;
}

function add(counts: Map<string, number>, key: string, diff: number): void {
  counts.set(key, (counts.get(key) ?? 0) + diff);
}

/** Text of a row's key. */
export function keyText(row: PlainRow, shape: Shape): string {
  return shape.key.map((name) => show(row[name])).join("|");
}

/** What stands after all changes: the last row per key, or each row as often as it was added and not taken back. */
function lastState(changes: readonly Change[], shape: Shape): Change[] {
  const state = new Map<string, Change>();
  for (const change of changes) {
    if (shape.change === "upsert") {
      const key = keyText(change.row, shape);
      if (change.diff > 0) state.set(key, change);
      else state.delete(key);
      continue;
    }
    const key = show(change.row);
    const diff = (state.get(key)?.diff ?? 0) + change.diff;
    if (diff === 0) state.delete(key);
    else state.set(key, { ...change, diff });
  }
  return [...state.values()];
}

function assertKeyOrder(actual: readonly Change[], wanted: readonly Change[], shape: Shape): void {
  const expected = Map.groupBy(wanted, ({ row }) => keyText(row, shape));
  const inWords = (changes: readonly Change[]) => changes.map((change) => line(change, false)).join(", ");
  for (const [key, changes] of Map.groupBy(actual, ({ row }) => keyText(row, shape))) {
    const are = inWords(changes);
    const should = inWords(expected.get(key) ?? []);
    if (are !== should) failure(`changes of key ${key} come in another order: ${are}; expected ${should}`);
  }
}
