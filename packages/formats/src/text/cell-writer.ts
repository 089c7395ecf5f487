/** The cells of one column as text, each by itself. */
import { unreachable } from "@df/core";
import type { Column, Validity } from "@df/core";
import { decimalText } from "@df/core/batch/cells";
import type { CellPlan } from "./cell-plan.ts";
import {
  writeAscii,
  writeDecimal,
  writeDouble,
  writeInteger,
  writeJsonDouble,
  writeTrimmed,
} from "./digits.ts";
import { writeFixed } from "./fixed-text.ts";
import { Days } from "./moments.ts";
import { textsOf, writeBase64, writeCsvText, writeJsonText, writeJsonValue } from "./texts.ts";
import type { Texts } from "./texts.ts";

const NO_BYTES = new Uint8Array(0);

/** Writes the cells of one column, batch after batch. */
export class CellWriter {
  readonly #plan: CellPlan;
  readonly #days: Days = new Days();
  // Of these, those of the column's layout are in use: each loop below meets one kind of array.
  #validity: Validity | undefined;
  #flags: Uint8Array = NO_BYTES;
  #ints: Int32Array = new Int32Array(0);
  /** Also of a long column, unless it is wide. */
  #doubles: Float64Array = new Float64Array(0);
  #wide: BigInt64Array | undefined;
  #text: Texts = textsOf({ starts: this.#ints, ends: this.#ints, bytes: NO_BYTES });

  constructor(plan: CellPlan) {
    this.#plan = plan;
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

  /** Writes the cell of a row, and returns the place behind it. */
  write(out: DataView, at: number, row: number): number {
    const { before, after, absent } = this.#plan;
    if (this.#validity !== undefined && this.#validity[row] === 0) return writeFixed(out, at, absent);
    at = this.#writeValue(out, writeFixed(out, at, before), row);
    return after.length === 0 ? at : writeFixed(out, at, after);
  }

  #writeValue(out: DataView, at: number, row: number): number {
    const { form, scale } = this.#plan;
    switch (form) {
      case "int":
        return writeInteger(out, at, this.#ints[row] as number);
      case "long":
      case "decimal":
        if (this.#wide !== undefined) return writeWide(out, at, this.#wide[row] ?? 0n, scale);
        return writeDecimal(out, at, this.#doubles[row] as number, scale);
      case "trimmed":
        return writeTrimmed(out, at, this.#doubles[row] as number, scale);
      case "double":
        return writeDouble(out, at, this.#doubles[row] as number);
      case "json double":
        return writeJsonDouble(out, at, this.#doubles[row] as number);
      case "time":
        return this.#days.writeTime(out, at, this.#doubles[row] as number);
      case "date":
        return this.#days.write(out, at, this.#ints[row] as number);
      case "bool":
        return writeAscii(out, at, this.#flags[row] === 0 ? "false" : "true");
      case "csv text":
        return writeCsvText(out, at, this.#text, row);
      case "json text":
        return writeJsonText(out, at, this.#text, row);
      case "csv base64":
        // In CSV, nothing at all is null.
        if (this.#text.starts[row] === this.#text.ends[row]) return writeAscii(out, at, '""');
        return writeBase64(out, at, this.#text, row);
      case "json base64":
        return writeBase64(out, at, this.#text, row);
      case "json value":
        return writeJsonValue(out, at, this.#text, row);
      default:
        return unreachable(form);
    }
  }
}

/** A wide column has at least one value beyond 2^53; the others go the short way too. */
function writeWide(out: DataView, at: number, value: bigint, scale: number): number {
  const rounded = Number(value);
  if (!Number.isSafeInteger(rounded)) return writeAscii(out, at, decimalText(value, scale));
  return writeDecimal(out, at, rounded, scale);
}
