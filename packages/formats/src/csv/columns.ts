import type { Column, Schema } from "@df/core";
import { Cells } from "../json/cells.ts";
import { Refused } from "../json/refused.ts";
import { Scanner } from "../json/scanner.ts";
import { readNumbers, readTexts } from "./read-runs.ts";
import { DOUBLED, Fields, PLAIN } from "./fields.ts";
import type { Dialect } from "./fields.ts";
import type { Places } from "./header.ts";
import { readField, unquote } from "./read-field.ts";

/** Bytes of a value that a reason shows at most. */
const EXCERPT_BYTES_MAX = 40;

/** How columns are read. */
export interface ColumnsOptions {
  /** All columns. */
  readonly schema: Schema;
  readonly dialect: Dialect;
  /** What stands, unquoted, for null. */
  readonly nulls: string;
}

/** Reads the fields of a batch of records into the cells of the columns that are wanted, column by column. */
export class ColumnReader {
  readonly fields: Fields;
  readonly #cells: readonly Cells[];
  /** The field of each wanted column; −1 where records have none: it is null. */
  readonly #places: readonly number[];
  readonly #quote: number;
  readonly #nulls: Uint8Array;
  /** Whether what stands for null may be taken for a number. */
  readonly #nullIsNumber: boolean;
  readonly #scan: Scanner = new Scanner();

  constructor(columns: Schema, places: Places, { schema, dialect, nulls }: ColumnsOptions) {
    this.fields = new Fields(places.count, dialect);
    this.#cells = columns.fields.map((field) => new Cells(field));
    this.#places = columns.fields.map(
      ({ name }) => places.fields[schema.fields.findIndex((field) => field.name === name)] ?? -1,
    );
    this.#quote = dialect.quote;
    this.#nulls = new TextEncoder().encode(nulls);
    this.#nullIsNumber = /\d/.test(nulls);
  }

  /** Reads the first `rows` records that `fields` keeps; why rows are refused. What they hold is then of no use. */
  read(rows: number): ReadonlyMap<number, string> {
    const refused = new Map<number, string>();
    this.#scan.begin(this.fields.bytes);
    for (const [column, cells] of this.#cells.entries()) {
      cells.begin(rows);
      const place = this.#places[column] as number;
      if (place >= 0) this.#readColumn(cells, place, rows, refused);
      else for (let row = 0; row < rows; row++) cells.setNull(row);
    }
    return refused;
  }

  /** The first `rows` rows of all columns. `bytes` are those the records lie in. */
  finish(rows: number, bytes: Uint8Array): readonly Column[] {
    const text = this.#scan.behind(bytes);
    return this.#cells.map((cells) => cells.finish(rows, text));
  }

  #readColumn(cells: Cells, place: number, rows: number, refused: Map<number, string>): void {
    const { fields } = this;
    const isText = cells.field.type.kind === "string" && cells.field.type.values === undefined;
    const isNumber = !cells.isText && !this.#nullIsNumber;
    const range = { place, rows, nullBytes: this.#nulls.length };
    for (let row = 0; row < rows; row++) {
      // Most fields are written in the most common way.
      if (isText) row = readTexts(cells, fields, row, range);
      else if (isNumber) row = readNumbers(cells, fields, row, range);
      if (row < rows && !refused.has(row)) {
        try {
          this.#readAny(cells, row * fields.width + place, row);
        } catch (thrown) {
          if (!(thrown instanceof Refused)) throw thrown;
          refused.set(row, this.#reason(cells, thrown));
        }
      }
    }
  }

  #readAny(cells: Cells, field: number, row: number): void {
    const scan = this.#scan;
    const { bytes, starts, ends, forms } = this.fields;
    scan.text = bytes;
    scan.textStart = starts[field] as number;
    scan.textEnd = ends[field] as number;
    if (forms[field] === PLAIN) {
      if (this.#isNull(scan)) {
        if (cells.validity === undefined) throw new Refused("without quotes means null: not nullable");
        return cells.setNull(row);
      }
    } else {
      const isJson = cells.field.type.kind === "json";
      if (forms[field] === DOUBLED || isJson) unquote(scan, this.#quote, isJson);
    }
    readField(cells, scan, row);
  }

  #isNull({ text, textStart, textEnd }: Scanner): boolean {
    const nulls = this.#nulls;
    if (textEnd - textStart !== nulls.length) return false;
    for (let i = 0; i < nulls.length; i++) if (text[textStart + i] !== nulls[i]) return false;
    return true;
  }

  #reason(cells: Cells, { reason, at }: Refused): string {
    const { text, textStart, textEnd } = this.#scan;
    const cut = Math.min(textEnd, textStart + EXCERPT_BYTES_MAX);
    const shown = new TextDecoder().decode(text.subarray(textStart, cut));
    const value = cut < textEnd ? `${JSON.stringify(shown.replace(/\uFFFD+$/, ""))}…` : JSON.stringify(shown);
    return `Column "${cells.field.name}": ${value}${at < 0 ? "" : ":"} ${reason}`;
  }
}
