import {
  BATCH_ROWS_MAX,
  ColumnBuilder,
  DataflowError,
  gatherRows,
  type Batch,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Schema,
} from "@df/core";
import { rowReader, rowWriter } from "@df/core/batch/rows";
import { Pending } from "../outputs/pending.ts";
import { indexesOf, namesOf, only, runRows, STATELESS, type ReadColumns } from "../stateless/stateless.ts";

/** A row that becomes more rows than this is refused: an iterator without end would never return. */
export const FLAT_MAP_ROWS_MAX = 100_000;

/** A function from a row to rows, and their columns. */
export interface FlatMapOptions {
  /** The columns that `make` reads. */
  readonly columns: ReadColumns;
  /** The columns of the new rows. */
  readonly output: Schema;
  /** The new rows, none or many, as an array or another iterable. If one of them is refused, the old row is. */
  readonly make: (row: Record<string, unknown>) => unknown;
}

/**
 * Makes any number of rows of each row, all with its event time. Append streams only: `outputs` throws DF_CHANGE.
 * A row that becomes none counts as filtered.
 */
export function flatMap({ columns, output, make }: FlatMapOptions): OperatorSpec {
  return {
    ...STATELESS,
    name: "flatMap",
    options: { columns, output: output.fields.map(({ name, type }) => [name, { ...type }]) },
    outputs: (inputs) => {
      const input = only(inputs);
      indexesOf(input.schema, columns);
      if (input.change !== "append") {
        throw new DataflowError(
          "DF_CHANGE",
          `flatMap takes append streams only, this one is ${input.change}. Use it before the stream is keyed and updated.`,
        );
      }
      return [{ ...input, schema: output }];
    },
    needs: (_wanted, inputs) => [new Set(namesOf(only(inputs), columns))],
    open: (context) => openFlatMap(context, { columns, output, make }),
  };
}

function openFlatMap(context: OperatorContext, { columns, output, make }: FlatMapOptions): Operator {
  const { schema } = only(context.inputs);
  const read = rowReader(schema, indexesOf(schema, columns), context.generate);
  const write = rowWriter(output, context.generate);
  const made = new MadeRows(output);
  const pending = new Pending();
  return {
    onBatch(batch, _port, out) {
      let empty = 0;
      const refused = runRows(context, batch, {
        begin: () => {
          empty = 0;
          made.clear();
        },
        row: (row) => {
          const before = made.length;
          try {
            for (const each of iterable(make(read(batch, row)))) {
              if (made.length - before >= FLAT_MAP_ROWS_MAX) {
                throw new DataflowError(
                  "DF_FLAT_MAP_ROWS",
                  `One row became more than ${FLAT_MAP_ROWS_MAX} rows.`,
                );
              }
              write(each, made.builders);
              made.add(row);
            }
          } catch (thrown) {
            made.truncate(before);
            throw thrown;
          }
          if (made.length === before) empty++;
        },
      });
      const passed = batch.length - refused - empty;
      if (passed > 0) context.count("passed", passed);
      if (empty > 0) context.count("filtered", empty);
      pending.add(made.batches(batch));
      return pending.push(out);
    },
    resume: (out) => pending.push(out),
  };
}

function iterable(value: unknown): Iterable<unknown> {
  if (typeof value === "object" && value !== null && Symbol.iterator in value)
    return value as Iterable<unknown>;
  throw new DataflowError(
    "DF_VALUE",
    `flatMap must return an array or another iterable, not ${typeof value}.`,
  );
}

/** Rows made of the rows of one batch; they may be more than a batch holds. */
class MadeRows {
  readonly builders: ColumnBuilder[];
  readonly #schema: Schema;
  /** The row that each was made of. */
  #sources: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  #length = 0;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.builders = schema.fields.map((field) => new ColumnBuilder(field.type));
  }

  get length(): number {
    return this.#length;
  }

  /** The builders have one row more, made of `source`. */
  add(source: number): void {
    if (this.#length === this.#sources.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#sources);
      this.#sources = larger;
    }
    this.#sources[this.#length++] = source;
  }

  truncate(length: number): void {
    this.#length = length;
    for (const builder of this.builders) builder.truncate(length);
  }

  clear(): void {
    this.#length = 0;
    for (const builder of this.builders) if (builder.length > 0) builder.take();
  }

  /** All rows, with times, clocks and origins of the rows they were made of. */
  batches(from: Batch): Batch[] {
    if (this.#length === 0) return [];
    const length = this.#length;
    const columns = this.builders.map((builder) => builder.take());
    const bare: Batch = { ...from, schema: { fields: [] }, columns: [] };
    const all: Batch = { ...gatherRows(bare, this.#sources, length), schema: this.#schema, columns };
    this.#length = 0;
    if (length <= BATCH_ROWS_MAX) return [all];
    return cut(all);
  }
}

function cut(all: Batch): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < all.length; start += BATCH_ROWS_MAX) {
    const count = Math.min(BATCH_ROWS_MAX, all.length - start);
    const rows = Int32Array.from({ length: count }, (_, i) => start + i);
    batches.push(gatherRows(all, rows, count));
  }
  return batches;
}
