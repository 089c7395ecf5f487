/**
 * Partition folders as Hive, Spark and Delta name them: `country=CH/day=2026-01-31`. The value's text is what Delta
 * writes into `partitionValues`; the folder holds the same text escaped as Spark does (ExternalCatalogUtils).
 */
import { columnIndex, DataflowError, typeName } from "@df/core";
import type { Field, Schema } from "@df/core";

/** The folder of rows whose value is null. Empty text goes there too: neither Hive nor Delta can tell them apart. */
export const DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__";
/** Bytes of a file name at most, on all common file systems. */
const SEGMENT_BYTES_MAX = 255;

/** What Spark escapes, and NUL, which no file system takes. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f"#%'*/:=?\\{[\]^]/g;

/**
 * The folder of a partition value, one path segment: `name=value`, both escaped as %XX.
 * @throws DF_PARTITION when it is longer than a file name may be
 */
export function partitionSegment(name: string, value: string | null): string {
  const segment = `${escaped(name)}=${value === null || value === "" ? DEFAULT_PARTITION : escapedValue(value)}`;
  if (Buffer.byteLength(segment) > SEGMENT_BYTES_MAX) {
    throw new DataflowError(
      "DF_PARTITION",
      `A value of partition column "${name}" needs a folder name of ${Buffer.byteLength(segment)} bytes, ` +
        `${SEGMENT_BYTES_MAX} are possible. It begins with ${JSON.stringify((value ?? "").slice(0, 40))}. ` +
        "Partition by a shorter column.",
    );
  }
  return segment;
}

/** The name and value of a partition folder; undefined when the segment is not one. Empty text comes back as null. */
export function parseSegment(segment: string): { name: string; value: string | null } | undefined {
  const split = segment.indexOf("=");
  if (split < 0) return undefined;
  const value = segment.slice(split + 1);
  return {
    name: unescaped(segment.slice(0, split)),
    value: value === DEFAULT_PARTITION ? null : unescaped(value),
  };
}

/** The folders of a row's partition, "" without partition columns: `country=CH/day=2026-01-31`. */
export function partitionPath(names: readonly string[], values: readonly (string | null)[]): string {
  return names.map((name, i) => partitionSegment(name, values[i] ?? null)).join("/");
}

function escaped(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/**
 * Text that reads like the default partition is told apart by one escape that nobody needs otherwise, and so is "null",
 * which DuckDB takes for a null.
 */
function escapedValue(value: string): string {
  if (value !== DEFAULT_PARTITION && value.toLowerCase() !== "null") return escaped(value);
  return `%${value.charCodeAt(0).toString(16).toUpperCase()}${value.slice(1)}`;
}

function unescaped(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * Refuses partition columns that are absent, twice there, of a type without a common text, or all columns there are.
 * @throws DF_NO_COLUMN, DF_PARTITION
 */
export function checkPartitionBy(schema: Schema, partitionBy: readonly string[]): void {
  for (const [i, name] of partitionBy.entries()) {
    const { type } = schema.fields[columnIndex(schema, name)] as Field;
    if (type.kind === "bytes" || type.kind === "json" || type.kind === "float64") {
      throw new DataflowError(
        "DF_PARTITION",
        `Column "${name}" is ${typeName(type)}, which has no text that all readers agree on: partition by another column.`,
      );
    }
    if (partitionBy.indexOf(name) !== i) {
      throw new DataflowError("DF_PARTITION", `partitionBy names column "${name}" twice: name it once.`);
    }
  }
  if (partitionBy.length >= schema.fields.length) {
    throw new DataflowError(
      "DF_PARTITION",
      `partitionBy names all columns (${partitionBy.join(", ")}): leave at least one for the files.`,
    );
  }
}
