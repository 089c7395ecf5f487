import {
  columnIndex,
  diffAt,
  type Column,
  type OperatorContext,
  type OperatorSpec,
  type Shape,
} from "@df/core";
import { DROP, KEEP, keepRows } from "../stateless/keep-rows.ts";
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
    open: (context) => ({
      onBatch(batch, _port, out) {
        const verdicts = verdictsOf(context, batch.columns, columns, batch.length);
        if (batch.change === "upsert") {
          for (let row = 0; row < batch.length; row++) if (diffAt(batch, row) < 0) verdicts[row] = KEEP;
        }
        const schema = (context.outputs[0] as Shape).schema;
        keepRows(context, batch, verdicts, (kept) => out({ ...kept, schema }));
        return "done";
      },
    }),
  };
}

function withoutNulls(shape: Shape, columns: readonly string[]): Shape {
  const indexes = new Set(columns.map((name) => columnIndex(shape.schema, name)));
  const fields = shape.schema.fields.map((field, index) =>
    indexes.has(index) ? { ...field, nullable: false, optional: false } : field,
  );
  return { ...shape, schema: { fields } };
}

function verdictsOf(
  context: OperatorContext,
  all: readonly Column[],
  columns: readonly string[],
  length: number,
): Uint8Array {
  const verdicts = new Uint8Array(length).fill(KEEP);
  const { schema } = only(context.inputs);
  for (const name of columns) {
    const validity = all[columnIndex(schema, name)]?.validity;
    if (validity === undefined) continue;
    for (let row = 0; row < length; row++) if (validity[row] === 0) verdicts[row] = DROP;
  }
  return verdicts;
}
