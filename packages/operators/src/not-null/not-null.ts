import {
  columnIndex,
  diffAt,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Shape,
  type Validity,
} from "@df/core";
import { DROP, KEEP, RowKeeper } from "../stateless/keep-rows.ts";
import { only, STATELESS } from "../stateless/stateless.ts";

/**
 * Drops rows in which one of the columns is null; the columns are not nullable afterwards. Works on all streams, as
 * `filter` does.
 */
export function notNull(columns: readonly string[]): OperatorSpec {
  return {
    ...STATELESS,
    name: "notNull",
    options: { columns },
    outputs: (inputs) => [withoutNulls(only(inputs), columns)],
    needs: ([wanted]) => [new Set([...(wanted ?? []), ...columns])],
    open: (context) => openNotNull(context, columns),
  };
}

function withoutNulls(shape: Shape, columns: readonly string[]): Shape {
  const indexes = new Set(columns.map((name) => columnIndex(shape.schema, name)));
  const fields = shape.schema.fields.map((field, index) =>
    indexes.has(index) ? { ...field, nullable: false, optional: false } : field,
  );
  return { ...shape, schema: { fields } };
}

function openNotNull(context: OperatorContext, names: readonly string[]): Operator {
  const input = only(context.inputs);
  const { schema } = context.outputs[0] as Shape;
  const columns = names.map((name) => columnIndex(input.schema, name));
  const keeper = new RowKeeper(context);
  const { verdicts } = keeper;
  return {
    onBatch(batch, _port, out) {
      if (columns.every((column) => batch.columns[column]?.validity === undefined)) {
        context.count("passed", batch.length);
        out({ ...batch, schema });
        return "done";
      }
      verdicts.fill(KEEP, 0, batch.length);
      for (const column of columns) dropNulls(verdicts, batch.columns[column]?.validity, batch.length);
      if (batch.change === "upsert") {
        for (let row = 0; row < batch.length; row++) if (diffAt(batch, row) < 0) verdicts[row] = KEEP;
      }
      keeper.hand(batch, (kept) => out({ ...kept, schema }));
      return "done";
    },
  };
}

function dropNulls(verdicts: Uint8Array, validity: Validity | undefined, length: number): void {
  if (validity === undefined) return;
  for (let row = 0; row < length; row++) if (validity[row] === 0) verdicts[row] = DROP;
}
