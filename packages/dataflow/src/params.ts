import { canonicalJson, DataflowError, isReference, isSecret, own, secret, typeName } from "@df/core";
import type { Field, Json, Schema, Secret } from "@df/core";
import { batchOf, rowReader } from "@df/core/batch/rows";

/** Text that may stand in for a value; the row's own rules (range, values of an enum, form of a date) come after. */
const INTEGER = /^-?\d+$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** What a run may give to a parameter: a value as a lambda would write it, its text, or `secret(…)` for a secret. */
export type ParamValue = string | number | bigint | boolean | object | null;

/** Parameters of a run by name. */
export type ParamValues = Readonly<Record<string, ParamValue>>;

/** What a pipeline says of its parameters. */
export interface DeclaredParams {
  readonly schema: Schema | undefined;
  /** Names of the parameters that are secrets. */
  readonly secrets: readonly string[];
  /** Values of the parameters that a run need not give. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** Parameters of a run: what the pipeline's function gets, and as text, where a secret is its reference. */
export interface Params {
  readonly values: Readonly<Record<string, unknown>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** `isText`: a string stands for the value of another type. `from`: words for where it was given. */
interface Given {
  readonly value: unknown;
  readonly isText: boolean;
  readonly from: string;
}

/**
 * The parameters of a run. `origins` says by name where a value came from, for the errors.
 * @throws DF_PARAM for a parameter that is not declared, missing, not of its type, or refused by what declares it
 */
export function paramsOf(
  { schema, secrets, defaults }: DeclaredParams,
  given: ParamValues = {},
  origins: Readonly<Record<string, string>> = {},
): Params {
  const fields = schema?.fields ?? [];
  const names = [...fields.map(({ name }) => name), ...secrets];
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const there = names.length === 0 ? "The pipeline declares none." : `There are: ${names.join(", ")}.`;
    throw new DataflowError("DF_PARAM", `There is no parameter "${unknown}". ${there}`);
  }
  const givenAs = (name: string): Given => {
    const [value, origin] = [own(given, name), own(origins, name)];
    const from = origin === undefined ? "" : ` from ${origin}`;
    if (value !== undefined) return { value, isText: true, from };
    return { value: own(defaults, name), isText: false, from: " from the defaults of the pipeline" };
  };
  const values = Object.fromEntries<unknown>([
    ...fields.map((field) => [field.name, valueOf(field, givenAs(field.name))] as const),
    ...secrets.map((name) => [name, secretOf(name, givenAs(name))] as const),
  ]);
  const fault = schema?.check?.fault(values);
  if (fault !== undefined) throw new DataflowError("DF_PARAM", `A parameter is refused: ${fault}.`);
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOf(value)]));
  return { values, texts };
}

/** A value as a lambda would read it. */
function valueOf(field: Field, given: Given): unknown {
  const { name, type } = field;
  const words = `Parameter "${name}" (${typeName(type)})`;
  if (given.value === undefined && !field.nullable) {
    throw new DataflowError("DF_PARAM", `${words} is missing. Give it a value.`);
  }
  if (isSecret(given.value)) {
    throw new DataflowError(
      "DF_PARAM",
      `${words}${given.from} is ${given.value.toString()}, but the pipeline reads it as a value. Have it declare a secret: pipeline(name, { secrets: ["${name}"] }, …).`,
    );
  }
  const schema = { fields: [field] };
  try {
    const value =
      typeof given.value === "string" && given.isText
        ? fromText(field, given.value, given.from)
        : given.value;
    return rowReader(schema, "all", false)(batchOf(schema, [{ [name]: value }]), 0)[name];
  } catch (cause) {
    if (!(cause instanceof DataflowError) || cause.code === "DF_PARAM") throw cause;
    const told = cause.words.replace(`Column "${name}" (${typeName(type)})`, `${words}${given.from}`);
    throw new DataflowError("DF_PARAM", `A parameter does not fit its type. ${told}`, { cause });
  }
}

/** Never with the value that was given: it may be the secret itself. */
function secretOf(name: string, { value, from }: Given): Secret {
  if (isSecret(value)) return value;
  if (typeof value === "string" && isReference(value)) return secret(value);
  const why = value === undefined ? "is missing" : `${from.slice(1)} is given by value`;
  throw new DataflowError(
    "DF_PARAM",
    `Parameter "${name}" (secret) ${why.trimStart()}. Give a reference, env:NAME or file:PATH, that says where the secret lies.`,
  );
}

function fromText(field: Field, text: string, from: string): unknown {
  const refuse = (wanted: string): never => {
    throw new DataflowError(
      "DF_PARAM",
      `Parameter "${field.name}"${from} is "${text}", but it must be ${wanted}.`,
    );
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

/** One text for equal values, however they were given. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isSecret(value)) return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "bigint" ? value.toString() : canonicalJson(value as Json);
}
