import { DataflowError, sameType, typeName } from "@df/core";
import type { Field, Schema } from "@df/core";

/**
 * Checks that rows of a sink can be read as rows of a type: it may name some of the columns, each as it is.
 * @throws DF_SINK_ROW naming the columns that are others
 */
export function checkReadAs(sink: string, has: Schema, wanted: Schema): void {
  const wrong = wanted.fields.flatMap((field) => {
    const found = has.fields.find(({ name }) => name === field.name);
    if (found !== undefined && fits(found, field)) return [];
    return `"${field.name}" is ${found === undefined ? "no column" : inWords(found)}, not ${inWords(field)}`;
  });
  if (wrong.length === 0) return;
  throw new DataflowError(
    "DF_SINK_ROW",
    `Rows of sink "${sink}" are others: ${wrong.join("; ")}. Its columns are: ${has.fields.map(({ name }) => name).join(", ")}.`,
  );
}

function fits(found: Field, wanted: Field): boolean {
  if (!sameType(found.type, wanted.type) || (found.nullable && !wanted.nullable)) return false;
  if (found.type.kind === "int64" && wanted.type.kind === "int64") return found.type.as === wanted.type.as;
  if (wanted.type.kind !== "string" || wanted.type.values === undefined) return true;
  const { values } = wanted.type;
  return found.type.kind === "string" && found.type.values?.every((value) => values.includes(value)) === true;
}

function inWords({ type, nullable }: Field): string {
  const as = type.kind === "int64" && type.as === "number" ? " read as a number" : "";
  const of = type.kind === "string" && type.values !== undefined ? ` of ${type.values.join(", ")}` : "";
  return `${typeName(type)}${of}${as}${nullable ? " or null" : ""}`;
}
