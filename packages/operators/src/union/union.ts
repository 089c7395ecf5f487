import {
  columnIndex,
  DataflowError,
  sameType,
  typeName,
  type Column,
  type ColumnType,
  type Field,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { STATELESS } from "../stateless/stateless.ts";

/**
 * Puts the rows of two streams into one, with the columns that both have. Both append or both retract, with the same
 * key. `outputs` throws DF_UNION_CHANGE, DF_UNION_KEY, DF_UNION_TIME, DF_UNION_TYPE and DF_UNION_COLUMNS.
 */
export function union(): OperatorSpec {
  return {
    ...STATELESS,
    name: "union",
    options: {},
    exchanges: ["forward", "forward"],
    outputs: (inputs) => {
      const [left, right] = inputs;
      if (left === undefined || right === undefined || inputs.length !== 2) {
        throw new DataflowError("DF_UNION_INPUTS", `union takes two streams, not ${inputs.length}.`);
      }
      return [joined(left, right)];
    },
    needs: ([wanted], inputs) => inputs.map(() => wanted ?? new Set()),
    open: (context) => {
      const schema = (context.outputs[0] as Shape).schema;
      const columns = context.inputs.map((input) =>
        schema.fields.map(({ name }) => columnIndex(input.schema, name)),
      );
      return {
        onBatch(batch, port, out) {
          const picked = (columns[port] as number[]).map((index) => batch.columns[index] as Column);
          context.count("passed", batch.length);
          out({ ...batch, schema, columns: picked });
          return "done";
        },
      };
    },
  };
}

function joined(left: Shape, right: Shape): Shape {
  if (left.change !== right.change || left.change === "upsert") {
    throw new DataflowError(
      "DF_UNION_CHANGE",
      `union takes two append or two retract streams; these are ${left.change} and ${right.change}. ` +
        `Turn upserts into retractions with .changelog().`,
    );
  }
  if (left.key.join("\0") !== right.key.join("\0")) {
    throw new DataflowError(
      "DF_UNION_KEY",
      `union needs the same key on both sides; these are (${left.key.join(", ")}) and (${right.key.join(", ")}).`,
    );
  }
  if (left.timed !== right.timed) {
    throw new DataflowError(
      "DF_UNION_TIME",
      `One side of this union has event time, the other has none. Declare eventTime at both sources or at none.`,
    );
  }
  return { ...left, schema: shared(left.schema, right.schema, left.key) };
}

/** The columns that both have, in the order of the left one. */
function shared(left: Schema, right: Schema, key: readonly string[]): Schema {
  const fields: Field[] = [];
  for (const field of left.fields) {
    const other = right.fields.find(({ name }) => name === field.name);
    if (other === undefined) continue;
    if (!sameType(field.type, other.type)) {
      throw new DataflowError(
        "DF_UNION_TYPE",
        `Column "${field.name}" is ${typeName(field.type)} on the left and ${typeName(other.type)} on the right. ` +
          `Make them equal with .map() or .select().`,
      );
    }
    const isKey = key.includes(field.name);
    fields.push({
      name: field.name,
      type: widened(field.type, other.type),
      nullable: field.nullable || other.nullable,
      optional: !isKey && (field.optional || other.optional),
    });
  }
  if (fields.length === 0) {
    const names = (schema: Schema) => schema.fields.map(({ name }) => name).join(", ");
    throw new DataflowError(
      "DF_UNION_COLUMNS",
      `The two streams have no column in common: (${names(left)}) and (${names(right)}).`,
    );
  }
  return { fields };
}

/** The values either side may have; how they are read is taken from the left, except that a bigint stays exact. */
function widened(left: ColumnType, right: ColumnType): ColumnType {
  if (left.kind === "int64" && right.kind === "int64") return left.as === "bigint" ? left : right;
  if (left.kind !== "string" || right.kind !== "string") return left;
  if (left.values === undefined || right.values === undefined) return { kind: "string" };
  return { kind: "string", values: [...new Set([...left.values, ...right.values])] };
}
