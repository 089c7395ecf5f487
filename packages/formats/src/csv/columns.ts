import type { Column, Schema } from "@df/core";
import { Cells } from "../json/cells.ts";
import { Refused } from "../json/refused.ts";
import type { KernelMemory } from "../kernel/memory.ts";
import { AnyField } from "./any-field.ts";
import { Fields } from "./fields.ts";
import type { Dialect } from "./fields.ts";
import type { Places } from "./header.ts";
import { readNumbers, readTexts } from "./read-runs.ts";

/** How columns are read. */
export interface ColumnsOptions {
  /** All columns. */
  readonly schema: Schema;
  readonly dialect: Dialect;
  /** What stands, unquoted, for null. */
  readonly nulls: string;
}

/** Reads the fields of a batch of records into the cells of the columns that are wanted. */
export class ColumnReader {
  readonly fields: Fields;
  /** For each field of a record the column that is read from it, −1 where none is. */
  readonly order: readonly number[];
  readonly #cells: readonly Cells[];
  /** The field of each wanted column; −1 where records have none: it is null. */
  readonly #places: readonly number[];
  readonly #nullBytes: number;
  /** Whether what stands for null may be taken for a number. */
  readonly #nullIsNumber: boolean;
  readonly #any: AnyField;

  constructor(columns: Schema, places: Places, { schema, dialect, nulls }: ColumnsOptions) {
    this.fields = new Fields(places.count, dialect);
    this.#cells = columns.fields.map((field) => new Cells(field));
    this.#places = columns.fields.map(
      ({ name }) => places.fields[schema.fields.findIndex((field) => field.name === name)] ?? -1,
    );
    this.order = Array.from({ length: places.count }, (_, place) => this.#places.indexOf(place));
    const nullText = new TextEncoder().encode(nulls);
    this.#nullBytes = nullText.length;
    this.#nullIsNumber = /\d/.test(nulls);
    this.#any = new AnyField(dialect, nullText);
  }

  /** Goes on in arrays that a kernel writes to as well. */
  share(memory: KernelMemory): void {
    for (const [column, cells] of this.#cells.entries()) cells.share(memory.cellsOf(column), 0);
  }

  /** Begins a batch of at most `rows` rows in the bytes of `fields`. */
  begin(rows: number): void {
    this.#any.scan.begin(this.fields.bytes);
    for (const cells of this.#cells) cells.begin(rows);
  }

  /**
   * Reads the first `rows` records that `fields` keeps, column by column; why rows are refused. What they hold is then of
   * no use.
   */
  read(rows: number): ReadonlyMap<number, string> {
    const refused = new Map<number, string>();
    this.begin(rows);
    for (const [column, cells] of this.#cells.entries()) {
      const place = this.#places[column] as number;
      if (place >= 0) this.#readColumn(cells, place, rows, refused);
      else for (let row = 0; row < rows; row++) cells.setNull(row);
    }
    return refused;
  }

  /** Reads the first record that `fields` keeps into a row; why it is refused. */
  readRecord(row: number): string | undefined {
    for (const [column, cells] of this.#cells.entries()) {
      const place = this.#places[column] as number;
      if (place < 0) cells.setNull(row);
      else {
        const reason = this.#readAny(cells, place, row);
        if (reason !== undefined) return reason;
      }
    }
    return undefined;
  }

  /** Reads the field at `at` into a column; the place of what ends it, −1 where the record is to be refused. */
  readAt(column: number, at: number, row: number): number {
    return this.#any.readAt(this.#cells[column] as Cells, row, at);
  }

  /** Whether a column takes the text from `start` to `end`. */
  allows(column: number, start: number, end: number): boolean {
    return (this.#cells[column] as Cells).allows(this.fields.bytes, start, end);
  }

  /** The first `rows` rows of all columns. `bytes` are those the records lie in. */
  finish(rows: number, bytes: Uint8Array): readonly Column[] {
    const text = this.#any.scan.behind(bytes);
    return this.#cells.map((cells) => cells.finish(rows, text));
  }

  #readColumn(cells: Cells, place: number, rows: number, refused: Map<number, string>): void {
    const { fields } = this;
    const isText = cells.field.type.kind === "string" && cells.field.type.values === undefined;
    const isNumber = !cells.isText && !this.#nullIsNumber;
    const range = { place, rows, nullBytes: this.#nullBytes };
    for (let row = 0; row < rows; row++) {
      // Most fields are written in the most common way.
      if (isText) row = readTexts(cells, fields, row, range);
      else if (isNumber) row = readNumbers(cells, fields, row, range);
      if (row < rows && !refused.has(row)) {
        const reason = this.#readAny(cells, row * fields.width + place, row);
        if (reason !== undefined) refused.set(row, reason);
      }
    }
  }

  /** Reads field `field` of those that `fields` keeps; why it is refused. */
  #readAny(cells: Cells, field: number, row: number): string | undefined {
    const { bytes, starts, ends, forms } = this.fields;
    const any = this.#any;
    any.set(bytes, starts[field] as number, ends[field] as number);
    try {
      any.read(cells, row, forms[field] as number);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      return any.reason(cells, thrown);
    }
  }
}
