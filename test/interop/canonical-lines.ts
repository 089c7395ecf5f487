/** Rows as `delta_reader.py` prints them, computed from what was written instead of from what a reader found. */
import type { ColumnType, Schema } from "@df/core";

/** One line of JSON a row, sorted; a missing column is null. */
export function canonicalLines(schema: Schema, rows: readonly object[]): string[] {
  const lines = rows.map((row) => {
    const cells = new Map(Object.entries(row));
    return lineOf(schema.fields.map(({ name, type }) => [name, canonical(cells.get(name) ?? null, type)]));
  });
  return lines.toSorted();
}

/** The same lines however a program spaces and orders JSON, sorted. */
export function sameForm(lines: readonly string[]): string[] {
  return lines.map((line) => lineOf(Object.entries(JSON.parse(line) as object))).toSorted();
}

function lineOf(cells: readonly (readonly [string, unknown])[]): string {
  return JSON.stringify(Object.fromEntries(cells.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function canonical(value: unknown, type: ColumnType): unknown {
  if (value === null) return null;
  if (type.kind === "int64" || type.kind === "decimal") return String(value as bigint | string | number);
  if (type.kind === "bytes") return Buffer.from(value as Uint8Array).toString("hex");
  if (type.kind === "json") return JSON.stringify(value);
  if (type.kind === "timestamp") return String(microsOf(value));
  if (type.kind === "float64") return canonicalNumber(value as number);
  return value;
}

/** Milliseconds without a fraction, or an instant. */
function microsOf(value: unknown): bigint {
  if (typeof value === "number") return BigInt(value) * 1000n;
  return (value as { readonly epochNanoseconds: bigint }).epochNanoseconds / 1000n;
}

function canonicalNumber(value: number): number | string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return value + 0;
}
