/** Rows as JSON text, exact: nothing goes through a double that is not one. */
import { isNull, unreachable } from "@df/core";
import type { Batch, Column, ColumnType, Schema, TimestampJson } from "@df/core";
import { decimalText } from "@df/core/batch/cells";
import { plainDateText, timestampText } from "../lake/value-text.ts";

/**
 * Writes the columns at `columns` of a row as one JSON object on one line, after `head` (`"op":"+"`; empty for none).
 *
 * int64 as its digits, decimal as text, date as "2026-01-31", timestamp as its type says (ISO 8601 in UTC with
 * microseconds where there are any), bytes as base64, NaN and the infinities as text, JSON as it is.
 */
export function jsonLine(
  schema: Schema,
  columns: readonly number[],
): (batch: Batch, row: number, head: string) => string {
  const names = columns.map((column) => JSON.stringify(schema.fields[column]?.name ?? ""));
  const writers = columns.map((column) => schema.fields[column]?.type).map((type) => type && cellJson(type));
  return (batch, row, head) => {
    let line = head;
    for (const [i, column] of columns.entries()) {
      const cell = writers[i]?.(batch.columns[column] as Column, row) ?? "null";
      line += `${line === "" ? "" : ","}${names[i]}:${cell}`;
    }
    return `{${line}}`;
  };
}

function cellJson(type: ColumnType): (column: Column, row: number) => string {
  return (column, row) => (isNull(column, row) ? "null" : valueJson(type, column, row));
}

function valueJson(type: ColumnType, column: Column, row: number): string {
  if (column.layout === "text") {
    const bytes = Buffer.from(column.bytes.buffer, column.bytes.byteOffset, column.bytes.byteLength);
    const [start, end] = [column.starts[row], column.ends[row]];
    if (type.kind === "bytes") return JSON.stringify(bytes.toString("base64", start, end));
    const text = bytes.toString("utf8", start, end);
    // A line break in JSON can only be a blank between tokens: inside of a string it is escaped.
    return type.kind === "json" ? text.replace(/[\r\n]+/g, " ") : JSON.stringify(text);
  }
  const value = column.values[row] as number | bigint;
  switch (type.kind) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "int32":
    case "int64":
      return String(value);
    case "float64":
      return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
    case "decimal":
      return `"${decimalText(value, type.scale)}"`;
    case "date":
      return dateJson(Number(value));
    case "timestamp":
      return timestampJson(type.json, Number(value));
    case "string":
    case "bytes":
    case "json":
      return "null";
    default:
      return unreachable(type);
  }
}

/** Days beyond the years 0 to 9999 have no text: they are written as days since 1970. */
function dateJson(days: number): string {
  const text = plainDateText(days);
  return text === undefined ? String(days) : `"${text}"`;
}

function timestampJson(json: TimestampJson, micros: number): string {
  switch (json) {
    case "us":
      return String(micros);
    case "ms":
      return scaled(micros, 3);
    case "s":
      return scaled(micros, 6);
    case "iso":
      return `"${timestampText(micros)
        .replace(" ", "T")
        .replace(/(\.\d{3})000$/, "$1")}Z"`;
    default:
      return unreachable(json);
  }
}

/** The digits with the point moved, exact: 1500 µs are 1.5 ms. */
function scaled(micros: number, digits: number): string {
  return decimalText(micros, digits).replace(/\.?0+$/, "");
}
