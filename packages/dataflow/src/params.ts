import { DataflowError, typeName } from "@df/core";
import type { Field, Schema } from "@df/core";
import { batchOf, rowReader } from "@df/core/batch/rows";

/** Text that may stand in for a value; the row's own rules (range, values of an enum, form of a date) come after. */
const INTEGER = /^-?\d+$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/**
 * The values of a pipeline's parameters, as lambdas would read them from a row.
 * @throws DF_PARAM for a parameter that is not declared, missing, or not of its type
 */
export function paramsOf(
  schema: Schema | undefined,
  given: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const fields = schema?.fields ?? [];
  const unknown = Object.keys(given).find((name) => !fields.some((field) => field.name === name));
  if (unknown !== undefined) {
    const names = fields.map((field) => field.name).join(", ");
    throw new DataflowError(
      "DF_PARAM",
      `There is no parameter "${unknown}". ${names === "" ? "The pipeline declares none." : `There are: ${names}.`}`,
    );
  }
  if (schema === undefined) return {};
  const row = Object.fromEntries(fields.map((field) => [field.name, valueOf(field, given[field.name])]));
  try {
    return rowReader(schema, "all", false)(batchOf(schema, [row]), 0);
  } catch (cause) {
    if (!(cause instanceof DataflowError)) throw cause;
    throw new DataflowError("DF_PARAM", `A parameter does not fit its type. ${cause.message}`, { cause });
  }
}

function valueOf(field: Field, text: string | undefined): unknown {
  if (text === undefined) {
    if (field.nullable) return null;
    throw new DataflowError(
      "DF_PARAM",
      `Parameter "${field.name}" (${typeName(field.type)}) is missing. Give it a value.`,
    );
  }
  const refuse = (wanted: string): never => {
    throw new DataflowError("DF_PARAM", `Parameter "${field.name}" is "${text}", but it must be ${wanted}.`);
  };
  switch (field.type.kind) {
    case "bool":
      return text === "true" ? true : text === "false" ? false : refuse("true or false");
    case "int32":
      return INTEGER.test(text) ? Number(text) : refuse("an integer");
    case "int64":
      return INTEGER.test(text) ? BigInt(text) : refuse("an integer");
    case "float64":
      return NUMBER.test(text) ? Number(text) : refuse("a number");
    case "timestamp":
      return /(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))
        ? Date.parse(text)
        : refuse("a time in ISO 8601 with zone, such as 2026-01-31T12:00:00Z");
    case "json":
      return jsonOf(text) ?? refuse("JSON");
    case "bytes":
      return Uint8Array.from(Buffer.from(text, "base64"));
    case "decimal":
    case "string":
    case "date":
      return text;
  }
}

/** The value in a box of its own would be cleaner, but `null` is no useful parameter. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
