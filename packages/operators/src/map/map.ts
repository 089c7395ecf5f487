import {
  BATCH_ROWS_MAX,
  columnIndex,
  ColumnBuilder,
  diffAt,
  RowGatherer,
  type Batch,
  type Column,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Schema,
} from "@df/core";
import { compileRowMapper, rowReader, rowWriter } from "@df/core/batch/rows";
import {
  checkKey,
  indexesOf,
  namesOf,
  only,
  runEach,
  runRows,
  STATELESS,
  type ReadColumns,
  type RowRun,
} from "../stateless/stateless.ts";

/** A function from a row to a row, and its columns. */
export interface MapOptions {
  /** The columns that `make` reads. */
  readonly columns: ReadColumns;
  /** The columns of the new rows. */
  readonly output: Schema;
  /**
   * Every column that a row which `make` returns may have, where it is known; "any", the default, where it is not.
   * Rows are then not asked for others.
   */
  readonly returns?: readonly string[] | "any" | undefined;
  /** The new row. A throw, or a value that its column cannot hold, refuses the row. */
  readonly make: (row: Record<string, unknown>) => unknown;
}

/**
 * Makes a new row of each row; event time stays. On upsert and retract streams the key columns are copied from the old
 * row, whatever `make` returns for them, and deletes pass without a call of `make`.
 * `outputs` throws DF_KEY_LOST and DF_KEY_TYPE.
 */
export function map(options: MapOptions): OperatorSpec {
  const { columns, output } = options;
  return {
    ...STATELESS,
    name: "map",
    options: { columns, output: output.fields.map(({ name, type }) => [name, { ...type }]) },
    outputs: (inputs) => {
      const input = only(inputs);
      indexesOf(input.schema, columns);
      checkKey("map", input, output);
      return [{ ...input, schema: output }];
    },
    needs: (_wanted, inputs) => [new Set(namesOf(only(inputs), columns))],
    open: (context) => openMap(context, options),
  };
}

function openMap(context: OperatorContext, { columns, output, returns = "any", make }: MapOptions): Operator {
  const input = only(context.inputs);
  const { schema, key } = input;
  const indexes = indexesOf(schema, columns);
  const read = rowReader(schema, indexes, context.generate);
  // The key is copied, so the function may leave it out.
  const written = {
    fields: output.fields.map((field) =>
      key.includes(field.name) ? { ...field, nullable: true, optional: true } : field,
    ),
  };
  const write = rowWriter(written, context.generate);
  const mapAll = context.generate
    ? compileRowMapper({ schema, columns: indexes, lambda: make, output: written, returns })
    : undefined;
  const builders = output.fields.map((field) => new ColumnBuilder(field.type));
  const rows = new Int32Array(BATCH_ROWS_MAX);
  const gatherer = new RowGatherer();
  const isUpsert = input.change === "upsert";
  const oneByOne = (batch: Batch): RowRun & { count: number } => ({
    count: 0,
    begin() {
      this.count = 0;
      for (const builder of builders) builder.truncate(0);
    },
    row(row) {
      if (isUpsert && diffAt(batch, row) < 0) for (const builder of builders) builder.null();
      else write(make(read(batch, row)), builders);
      rows[this.count++] = row;
    },
  });
  /** Makes the rows of a batch; gives the number of those that were not refused, which are then listed. */
  const makeRows = (batch: Batch): number => {
    const run = oneByOne(batch);
    if (mapAll === undefined || (isUpsert && batch.diffs?.includes(-1) === true)) {
      return batch.length - runRows(context, batch, run);
    }
    try {
      mapAll(batch, builders);
      return batch.length;
    } catch {
      return batch.length - runEach(context, batch, run);
    }
  };
  return {
    onBatch(batch, _port, out) {
      const count = makeRows(batch);
      const made = builders.map((builder) => builder.lend());
      context.count("passed", count);
      if (count === 0) return "done";
      const old = count === batch.length ? batch : gatherer.gather(batch, rows, count);
      out(replaced(old, output, made, key));
      return "done";
    },
  };
}

/** The rows with new columns, and all else as it was. */
function replaced(old: Batch, schema: Schema, made: readonly Column[], key: readonly string[]): Batch {
  const columns = schema.fields.map(({ name }, index) =>
    key.includes(name) ? (old.columns[columnIndex(old.schema, name)] as Column) : (made[index] as Column),
  );
  return { ...old, schema, columns };
}
