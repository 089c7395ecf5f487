/** Values as text, as Delta writes partition values. */
import { DataflowError, isNull, unreachable } from "@df/core";
import type { Column, ColumnType } from "@df/core";
import { dateText, decimalText } from "@df/core/batch/cells";

/**
 * The value of a row as text: timestamps `yyyy-MM-dd HH:mm:ss.SSSSSS` in UTC, dates `yyyy-MM-dd`, decimals with all
 * their digits, booleans `true` and `false`; null where it is null.
 * @throws DF_PARTITION for bytes, and for dates outside of the years 0 to 9999
 */
export function valueText(type: ColumnType, column: Column, row: number): string | null {
  if (isNull(column, row)) return null;
  if (column.layout === "text") {
    if (type.kind === "bytes") throw new DataflowError("DF_PARTITION", "A value of type bytes has no text.");
    return decoder.decode(column.bytes.subarray(column.starts[row], column.ends[row]));
  }
  const value = column.values[row] as number | bigint;
  switch (type.kind) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "int32":
    case "int64":
    case "float64":
      return String(value);
    case "decimal":
      return decimalText(value, type.scale);
    case "date":
      return partitionDate(Number(value));
    case "timestamp":
      return timestampText(Number(value));
    case "string":
    case "bytes":
    case "json":
      throw new DataflowError("DF_BUG", `This is a bug in dataflow: a ${type.kind} column is not text`);
    default:
      return unreachable(type);
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Days since 1970 as `yyyy-MM-dd`; undefined outside of the years 0 to 9999, of which readers have no common text. */
export function plainDateText(days: number): string | undefined {
  const text = dateText(days);
  // The others have a sign and more digits.
  return text.length === 10 ? text : undefined;
}

function partitionDate(days: number): string {
  const text = plainDateText(days);
  if (text !== undefined) return text;
  throw new DataflowError(
    "DF_PARTITION",
    `The date ${days} days after 1970 lies outside of the years 0 to 9999 and has no text that all readers agree on.`,
  );
}

/** Microseconds since 1970 as `yyyy-MM-dd HH:mm:ss.SSSSSS`, UTC. */
export function timestampText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")}.${fraction}`;
}
