/** How the cells of a column are written: decided once for all of its batches. */
import { layoutOf, unreachable } from "@df/core";
import type { ColumnType, Field } from "@df/core";
import { decimalsOf, isWrittenAsText } from "../json/written.ts";
import { fixedText } from "./fixed-text.ts";
import type { FixedText } from "./fixed-text.ts";

/** How values become text. `trimmed`: a decimal without zeros at its end. */
export type Form =
  | "bool"
  | "int"
  | "long"
  | "decimal"
  | "trimmed"
  | "double"
  | "json double"
  | "date"
  | "time"
  | "csv base64"
  | "json base64"
  | "csv text"
  | "json text"
  | "json value";

/** Which text stands for a cell, with all that is around it. */
export interface CellSyntax {
  readonly kind: "csv" | "json";
  /** Before a value or a null: a separator, or a name. */
  readonly before: string;
}

/** How a cell is written. */
export interface CellPlan {
  readonly form: Form;
  /** Digits behind the point. */
  readonly scale: number;
  /** Around a value. */
  readonly before: FixedText;
  readonly after: FixedText;
  /** In place of all that, for a null. */
  readonly absent: FixedText;
  /** Whether a cell may take more than `bytesMax`: see `textBytesMax`. */
  readonly isText: boolean;
  /** Bytes that any cell takes at most, without text. */
  readonly bytesMax: number;
}

/** Bytes of a value that is not text at most, with its quotes: 29 are a point in time with microseconds. */
const VALUE_BYTES_MAX = 40;

/** The plan of a column. */
export function planCell({ type }: Field, { kind, before }: CellSyntax): CellPlan {
  const quote = kind === "json" && isQuoted(type) ? '"' : "";
  const absent = fixedText(kind === "json" ? `${before}null` : before);
  const begin = fixedText(before + quote);
  return {
    form: kind === "csv" ? csvForm(type) : jsonForm(type),
    scale: decimalsOf(type),
    before: begin,
    after: fixedText(quote),
    absent,
    isText: layoutOf(type) === "text",
    bytesMax: begin.length + absent.length + VALUE_BYTES_MAX,
  };
}

function csvForm(type: ColumnType): Form {
  if (type.kind === "string" || type.kind === "json") return "csv text";
  if (type.kind === "bytes") return "csv base64";
  return type.kind === "float64" ? "double" : jsonForm(type);
}

function jsonForm(type: ColumnType): Form {
  switch (type.kind) {
    case "bool":
    case "decimal":
    case "date":
      return type.kind;
    case "int32":
      return "int";
    case "int64":
      return "long";
    case "float64":
      return "json double";
    case "string":
      return "json text";
    case "bytes":
      return "json base64";
    case "json":
      return "json value";
    case "timestamp":
      if (type.json === "iso") return "time";
      return type.json === "us" ? "decimal" : "trimmed";
    default:
      return unreachable(type);
  }
}

/** Whether JSON has values as strings: decimals too, to keep their digits. */
function isQuoted(type: ColumnType): boolean {
  return type.kind === "decimal" || isWrittenAsText(type);
}
