import type {
  Columns,
  Json,
  Polled,
  ReadOf,
  RowType,
  Schema,
  Split,
  SplitReader,
  TypedSource,
  WriteOf,
} from "@df/core";
import { DataflowError, checkOneOf, schemaOfRow, checkOptions } from "@df/core";
import { RowColumns } from "@df/core/batch/row-columns";

/** What `generator()` makes. */
export interface GeneratorOptions<S extends Columns> {
  readonly row: RowType<S>;
  /** Rows in all. */
  readonly rows: number;
  /** Split k of n makes the rows k, k + n, k + 2n, …  Default: 1. */
  readonly splits?: number | undefined;
  /** The row of an index from 0 on. The same index must give the same row: after a crash it is asked again. */
  readonly make: (index: number) => WriteOf<S>;
  /** Whether the last row is the end of the input, which closes windows without --drain. Default: true. */
  readonly bounded?: boolean | undefined;
}

/**
 * Makes rows in the process, for examples, tests and load. A row's position is its index.
 * @throws DF_OPTION for numbers that make no sense; polls throw DF_VALUE for a row that does not fit its type
 */
export function generator<const S extends Columns>(options: GeneratorOptions<S>): TypedSource<ReadOf<S>> {
  checkOptions(options, ["row", "rows", "splits", "make", "bounded"], "generator()");
  const { row, rows, splits = 1, bounded = true, make } = options;
  const schema = schemaOfRow(row, "generator({ row: Row, … })");
  checkOneOf(bounded, [true, false], "bounded of generator()");
  checkCount("rows", rows, 0, Number.MAX_SAFE_INTEGER);
  checkCount("splits", splits, 1, 65_536);
  return {
    name: "generator",
    schema,
    options: { rows, splits },
    rows: "events",
    bounded,
    history: "full",
    open: async (context) => ({
      splits: async () => Array.from({ length: splits }, (_, k) => ({ id: String(k) })),
      read: (split, position) => {
        const first = firstIndex(split, splits, position);
        return new GeneratorReader({ first, end: rows, step: splits, make }, schema, context.schema);
      },
      isBefore: (position, other) => Number(position) < Number(other),
      close: async () => {},
    }),
  };
}

interface Series {
  readonly first: number;
  readonly end: number;
  readonly step: number;
  readonly make: (index: number) => unknown;
}

class GeneratorReader implements SplitReader {
  readonly #series: Series;
  readonly #columns: RowColumns;
  #next: number;

  constructor(series: Series, schema: Schema, wanted: Schema) {
    this.#series = series;
    this.#next = series.first;
    this.#columns = new RowColumns(schema, wanted);
  }

  async poll(rowsMax: number): Promise<Polled | "end"> {
    const { end, step, make } = this.#series;
    if (this.#next >= end) return "end";
    const length = Math.min(rowsMax, Math.ceil((end - this.#next) / step));
    const positions = new Float64Array(length);
    for (let row = 0; row < length; row++, this.#next += step) {
      this.#columns.add(make(this.#next));
      positions[row] = this.#next;
    }
    return { length, columns: this.#columns.take(), positions, invalid: [], next: this.#next };
  }

  async close(): Promise<void> {}
}

function firstIndex(split: Split, splits: number, position: Json | undefined): number {
  const own = Number(split.id);
  const index = position === undefined ? own : position;
  if (!Number.isInteger(own) || own < 0 || own >= splits) {
    throw new DataflowError(
      "DF_POSITION",
      `The generator has no split "${split.id}": it has ${splits}, from "0" on.`,
    );
  }
  if (
    typeof index !== "number" ||
    !Number.isSafeInteger(index) ||
    index < own ||
    (index - own) % splits !== 0
  ) {
    throw new DataflowError(
      "DF_POSITION",
      `${JSON.stringify(position)} is no position in split "${split.id}" of the generator.`,
    );
  }
  return index;
}

function checkCount(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new DataflowError(
    "DF_OPTION",
    `${name} of generator() is ${value}: give a whole number from ${min} to ${max}.`,
  );
}
