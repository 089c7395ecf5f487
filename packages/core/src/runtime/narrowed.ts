import type { Column } from "../batch/column.ts";
import { columnIndex, type Schema } from "../schema/schema.ts";
import type { Target } from "./event.ts";

/** A target that is handed rows with some of their columns only: what nobody behind it reads is not sent there. */
export function narrowed(target: Target, from: Schema, to: Schema): Target {
  if (from.fields.length === to.fields.length) return target;
  const indexes = to.fields.map(({ name }) => columnIndex(from, name));
  return {
    push: (event) => {
      if (event.kind !== "batch") return target.push(event);
      const columns = indexes.map((index) => event.batch.columns[index] as Column);
      return target.push({ ...event, batch: { ...event.batch, schema: to, columns } });
    },
    full: (question) => target.full(question),
  };
}
