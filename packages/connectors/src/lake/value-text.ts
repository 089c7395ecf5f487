/** Values as text, as Delta writes partition values. */
import { DataflowError, isNull, unreachable } from "@df/core";
import type { Column, ColumnType } from "@df/core";

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
      return decimalText(BigInt(value), type.scale);
    case "date":
      return dateText(Number(value));
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

/** An unscaled decimal with its point: (-5n, 2) is "-0.05". */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  const sign = unscaled < 0n ? "-" : "";
  return sign + (scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`);
}

/** Days since 1970 as `yyyy-MM-dd`; @throws DF_PARTITION outside of the years 0 to 9999 */
export function dateText(days: number): string {
  const date = new Date(days * 86_400_000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw new DataflowError(
      "DF_PARTITION",
      `The date ${days} days after 1970 lies outside of the years 0 to 9999 and has no text that all readers agree on.`,
    );
  }
  return date.toISOString().slice(0, 10);
}

/** Microseconds since 1970 as `yyyy-MM-dd HH:mm:ss.SSSSSS`, UTC. */
export function timestampText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")}.${fraction}`;
}
