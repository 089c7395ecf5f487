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
import { rowReader, rowWriter } from "@df/core/batch/rows";
import {
  checkKey,
  indexesOf,
  namesOf,
  only,
  runRows,
  STATELESS,
  type ReadColumns,
} from "../stateless/stateless.ts";

/** A function from a row to a row, and its columns. */
export interface MapOptions {
  /** The columns that `make` reads. */
  readonly columns: ReadColumns;
  /** The columns of the new rows. */
  readonly output: Schema;
  /** The new row. A throw, or a value that its column cannot hold, refuses the row. */
  readonly make: (row: Record<string, unknown>) => unknown;
}

/**
 * Makes a new row of each row; event time stays. On upsert and retract streams the key columns are copied from the old
 * row, whatever `make` returns for them, and deletes pass without a call of `make`.
 * `outputs` throws DF_KEY_LOST and DF_KEY_TYPE.
 */
export function map({ columns, output, make }: MapOptions): OperatorSpec {
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
    open: (context) => openMap(context, { columns, output, make }),
  };
}

function openMap(context: OperatorContext, { columns, output, make }: MapOptions): Operator {
  const input = only(context.inputs);
  const read = rowReader(input.schema, indexesOf(input.schema, columns), context.generate);
  const keyFields = new Set(input.key);
  // The key is copied, so the function may leave it out.
  const written = {
    fields: output.fields.map((field) =>
      keyFields.has(field.name) ? { ...field, nullable: true, optional: true } : field,
    ),
  };
  const write = rowWriter(written, context.generate);
  const builders = output.fields.map((field) => new ColumnBuilder(field.type));
  const rows = new Int32Array(BATCH_ROWS_MAX);
  const gatherer = new RowGatherer();
  const isUpsert = input.change === "upsert";
  return {
    onBatch(batch, _port, out) {
      let count = 0;
      const refused = runRows(context, batch, {
        begin: () => {
          count = 0;
          for (const builder of builders) builder.truncate(0);
        },
        row: (row) => {
          if (isUpsert && diffAt(batch, row) < 0) for (const builder of builders) builder.null();
          else write(make(read(batch, row)), builders);
          rows[count++] = row;
        },
      });
      const made = builders.map((builder) => builder.lend());
      context.count("passed", batch.length - refused);
      if (count === 0) return "done";
      const old = count === batch.length ? batch : gatherer.gather(batch, rows, count);
      out(replaced(old, output, made, input.key));
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
