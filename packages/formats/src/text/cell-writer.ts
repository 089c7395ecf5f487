/** The cells of one column as text. */
import { layoutOf, unreachable } from "@df/core";
import type { Column, ColumnType, Field, Validity } from "@df/core";
import { decimalText } from "@df/core/batch/cells";
import { decimalsOf, isWrittenAsText } from "../json/written.ts";
import { trimZeros, writeAscii, writeDecimal, writeInteger } from "./digits.ts";
import { fixedText, writeFixed } from "./fixed-text.ts";
import type { FixedText } from "./fixed-text.ts";
import { Days } from "./moments.ts";
import { textBytesMax, textsOf, writeBase64, writeCsvText, writeJsonText, writeJsonValue } from "./texts.ts";
import type { Texts } from "./texts.ts";

/** How values become text. `scaled`: a decimal without zeros at its end. */
type Form =
  | "bool"
  | "int"
  | "long"
  | "decimal"
  | "scaled"
  | "double"
  | "date"
  | "time"
  | "base64"
  | "csv text"
  | "json text"
  | "json value";

/** Bytes of a value that is not text at most, with its quotes: 29 are a point in time with microseconds. */
const VALUE_BYTES_MAX = 40;
const NO_BYTES = new Uint8Array(0);

/** Which text stands for a cell, with all that is around it. */
export interface CellSyntax {
  readonly kind: "csv" | "json";
  /** Before a value or a null: a separator, or a name. */
  readonly before: string;
}

/** Writes the cells of one column, batch after batch. */
export class CellWriter {
  /** Whether a cell may take more than `bytesMax`: see `textBytesMax`. */
  readonly isText: boolean;
  readonly #form: Form;
  /** Digits behind the point. */
  readonly #scale: number;
  readonly #before: FixedText;
  readonly #after: FixedText;
  readonly #absent: FixedText;
  readonly #isJson: boolean;
  readonly #days: Days = new Days();
  // Of these, those of the column's layout are in use: each loop below meets one kind of array.
  #validity: Validity | undefined;
  #flags: Uint8Array = NO_BYTES;
  #ints: Int32Array = new Int32Array(0);
  /** Also of a long column, unless it is wide. */
  #doubles: Float64Array = new Float64Array(0);
  #wide: BigInt64Array | undefined;
  #text: Texts = textsOf({ starts: this.#ints, ends: this.#ints, bytes: NO_BYTES });

  constructor({ type }: Field, { kind, before }: CellSyntax) {
    this.isText = layoutOf(type) === "text";
    this.#form = kind === "csv" ? csvForm(type) : jsonForm(type);
    this.#scale = decimalsOf(type);
    const quote = kind === "json" && isQuoted(type) ? '"' : "";
    this.#before = fixedText(before + quote);
    this.#after = fixedText(quote);
    this.#absent = fixedText(kind === "json" ? `${before}null` : before);
    this.#isJson = kind === "json";
  }

  /** Begins a batch with its column. */
  begin(column: Column): void {
    this.#validity = column.validity;
    switch (column.layout) {
      case "bool":
        this.#flags = column.values;
        return;
      case "int":
        this.#ints = column.values;
        return;
      case "double":
        this.#doubles = column.values;
        return;
      case "long":
        this.#wide = column.values instanceof BigInt64Array ? column.values : undefined;
        if (column.values instanceof Float64Array) this.#doubles = column.values;
        return;
      case "text":
        this.#text = textsOf(column);
        return;
    }
  }

  /** Bytes that any cell takes at most, without text. */
  get bytesMax(): number {
    return this.#before.length + this.#absent.length + VALUE_BYTES_MAX;
  }

  /** Bytes that the text of a row takes at most. */
  textBytesMax(row: number): number {
    const { starts, ends } = this.#text;
    return textBytesMax((ends[row] as number) - (starts[row] as number));
  }

  /** Writes the cell of a row, and returns the place behind it. */
  write(out: DataView, at: number, row: number): number {
    if (this.#validity !== undefined && this.#validity[row] === 0) return writeFixed(out, at, this.#absent);
    at = this.#writeValue(out, writeFixed(out, at, this.#before), row);
    return this.#after.length === 0 ? at : writeFixed(out, at, this.#after);
  }

  #writeValue(out: DataView, at: number, row: number): number {
    switch (this.#form) {
      case "long":
        if (this.#wide !== undefined) return this.#writeWide(out, at, row);
        return writeInteger(out, at, this.#doubles[row] as number);
      case "int":
        return writeInteger(out, at, this.#ints[row] as number);
      case "time":
        return this.#days.writeTime(out, at, this.#doubles[row] as number);
      case "csv text":
        return writeCsvText(out, at, this.#text, row);
      case "json text":
        return writeJsonText(out, at, this.#text, row);
      case "double":
        return this.#writeDouble(out, at, row);
      case "decimal":
        if (this.#wide !== undefined) return this.#writeWide(out, at, row);
        return writeDecimal(out, at, this.#doubles[row] as number, this.#scale);
      case "scaled":
        return trimZeros(out, writeDecimal(out, at, this.#doubles[row] as number, this.#scale));
      case "bool":
        return writeAscii(out, at, this.#flags[row] === 0 ? "false" : "true");
      case "date":
        return this.#days.write(out, at, this.#ints[row] as number);
      case "base64":
        // In CSV, nothing at all is null.
        if (!this.#isJson && this.#isEmpty(row)) return writeAscii(out, at, '""');
        return writeBase64(out, at, this.#text, row);
      case "json value":
        return writeJsonValue(out, at, this.#text, row);
    }
  }

  #isEmpty(row: number): boolean {
    return this.#text.starts[row] === this.#text.ends[row];
  }

  #writeDouble(out: DataView, at: number, row: number): number {
    const value = this.#doubles[row] as number;
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeInteger(out, at, value);
    if (Number.isFinite(value)) return writeAscii(out, at, value === 0 ? "-0" : String(value));
    return writeAscii(out, at, this.#isJson ? `"${value}"` : String(value));
  }

  /** A wide column has at least one value beyond 2^53; the others go the short way too. */
  #writeWide(out: DataView, at: number, row: number): number {
    const value = this.#wide?.[row] ?? 0n;
    const rounded = Number(value);
    if (!Number.isSafeInteger(rounded)) return writeAscii(out, at, decimalText(value, this.#scale));
    return writeDecimal(out, at, rounded, this.#scale);
  }
}

function csvForm(type: ColumnType): Form {
  if (type.kind === "string" || type.kind === "json") return "csv text";
  return jsonForm(type);
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
      return "double";
    case "string":
      return "json text";
    case "bytes":
      return "base64";
    case "json":
      return "json value";
    case "timestamp":
      if (type.json === "iso") return "time";
      return type.json === "us" ? "decimal" : "scaled";
    default:
      return unreachable(type);
  }
}

/** Whether JSON has values as strings: decimals too, to keep their digits. */
function isQuoted(type: ColumnType): boolean {
  return type.kind === "decimal" || isWrittenAsText(type);
}
