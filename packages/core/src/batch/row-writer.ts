import { unreachable } from "../assert.ts";
import { DataflowError, reasonOf } from "../error.ts";
import { typeName } from "../schema/schema.ts";
import type { ColumnType, Field, Schema } from "../schema/schema.ts";
import type { ColumnBuilder } from "./builder.ts";
import { compileRowWriter } from "./row-writer-code.ts";
import { dateDays, decimalUnscaled, described, microsOf, refused } from "./cells.ts";

/** Checks a row that a lambda returned and appends it, one builder per field. */
export type RowWriter = (row: unknown, into: readonly ColumnBuilder[]) => void;

/** Appends a value that is neither null nor undefined. @throws DF_VALUE when the type cannot hold it */
export type CellWriter = (value: unknown, into: ColumnBuilder) => void;

/**
 * Writes rows as lambdas return them. It takes what `rowReader` gives, and besides: a safe integer for an int64, a
 * bigint of whole units for a decimal, a Date or Temporal.Instant for a timestamp. A missing or undefined value is null
 * where the column is nullable.
 * @throws DF_VALUE naming the column, also one that is not declared; the builders then are as they were before
 *
 * With `generate`, rows of plain values are written by generated code, if code may be generated at all; both twins
 * write and refuse the same.
 */
export function rowWriter(schema: Schema, generate = true): RowWriter {
  const interpreted = interpretedWriter(schema);
  const plain = generate ? compileRowWriter(schema.fields) : undefined;
  if (plain === undefined) return interpreted;
  return (row, into) => {
    const isObject = typeof row === "object" && row !== null && !Array.isArray(row);
    if (!isObject || !plain(row, into)) interpreted(row, into);
  };
}

function interpretedWriter(schema: Schema): RowWriter {
  const { fields } = schema;
  const names = fields.map((field) => field.name);
  const declared = new Set(names);
  const writers = fields.map((field) => cellWriter(field.type));
  // A name that every object has would be found on its prototype.
  const inherited = names.map((name) => name in Object.prototype);

  return (row, into) => {
    checkObject(row, names);
    const object = row as Record<string, unknown>;
    const length = into[0]?.length ?? 0;
    let at = 0;
    let found = 0;
    try {
      for (; at < writers.length; at++) {
        const name = names[at] as string;
        const value = inherited[at] === true && !Object.hasOwn(object, name) ? undefined : object[name];
        const builder = into[at] as ColumnBuilder;
        if (value !== undefined) found++;
        if (value === null || value === undefined) writeNull(fields[at] as Field, value, builder);
        else (writers[at] as CellWriter)(value, builder);
      }
      // If the row has as many columns as were found in it, all of them are declared.
      if (found !== columnsOf(object)) checkDeclared(object, declared, names);
    } catch (error) {
      for (const builder of into) builder.truncate(length);
      if (at === fields.length) throw error;
      // A mistyped name is why another column is missing.
      checkDeclared(object, declared, names);
      throw located(error, fields[at] as Field);
    }
  };
}

/** @throws DF_VALUE for a row that is no object */
export function checkObject(row: unknown, names: readonly string[]): void {
  if (typeof row === "object" && row !== null && !Array.isArray(row)) return;
  throw refused(`The row is ${described(row)}; return an object with the columns ${names.join(", ")}`);
}

/** Counts columns without making an array of their names. */
function columnsOf(object: Record<string, unknown>): number {
  let count = 0;
  for (const _name in object) count++;
  return count;
}

/** @throws DF_VALUE naming a column that is not declared */
export function checkDeclared(object: object, declared: ReadonlySet<string>, names: readonly string[]): void {
  for (const name of Object.keys(object)) {
    if (!declared.has(name)) {
      throw refused(
        `The row has a column "${name}" that is not declared. Add it to the row type or leave it out; ` +
          `the columns are: ${names.join(", ")}`,
      );
    }
  }
}

/** Appends null for a value that is null or missing. @throws DF_VALUE where the column may not be */
export function writeNull(field: Field, value: null | undefined, into: ColumnBuilder): void {
  if (field.nullable || field.optional) into.null();
  else if (value === null && field.type.kind === "json") into.string("null");
  else throw refused(`is ${value === null ? "null" : "missing"}; return a value, or declare it .nullable()`);
}

function located(error: unknown, field: Field): DataflowError {
  // The message of a refused cell ends in its code, which the new one gets as well.
  const reason = reasonOf(error).replace(/\.? \[DF_VALUE\]$/, "");
  return new DataflowError("DF_VALUE", `Column "${field.name}" (${typeName(field.type)}): ${reason}.`, {
    cause: error,
  });
}

/** Writes the cells of a type. */
export function cellWriter(type: ColumnType): CellWriter {
  switch (type.kind) {
    case "bool":
      return (value, into) => into.number(booleanOf(value) ? 1 : 0);
    case "int32":
      return (value, into) => into.number(int32Of(value));
    case "int64":
      return (value, into) => writeInt64(value, into, type.as);
    case "float64":
      return (value, into) => into.number(numberOf(value));
    case "decimal":
      return (value, into) => into.bigint(decimalOf(value, type.precision, type.scale));
    case "string":
      return stringWriter(type.values);
    case "bytes":
      return writeBytes;
    case "timestamp":
      return (value, into) => into.number(microsOf(value));
    case "date":
      return (value, into) => into.number(dateOf(value));
    case "json":
      return (value, into) => into.string(jsonOf(value));
    default:
      return unreachable(type);
  }
}

function booleanOf(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw refused(`${described(value)} is no boolean`);
}

function int32Of(value: unknown): number {
  // Only an int32 is equal to itself after being cut to 32 bits; −0 is equal to 0 and becomes it.
  if (typeof value === "number" && (value | 0) === value) return value | 0;
  throw refused(`${described(value)} is no 32-bit integer`);
}

function writeInt64(value: unknown, into: ColumnBuilder, as: "bigint" | "number"): void {
  if (typeof value === "number" && Number.isSafeInteger(value)) into.number(value + 0);
  else if (typeof value !== "bigint") {
    const remedy = as === "number" ? "return a whole number below 2^53" : "return a bigint";
    throw refused(`${described(value)} is no integer that is exact; ${remedy}`);
  } else if (BigInt.asIntN(64, value) !== value) throw refused(`${described(value)} is beyond 64 bits`);
  else if (as === "number" && !Number.isSafeInteger(Number(value))) {
    throw refused(`${described(value)} is beyond 2^53; declare the column as t.int64()`);
  } else into.bigint(value);
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  throw refused(`${described(value)} is no number`);
}

function decimalOf(value: unknown, precision: number, scale: number): bigint {
  if (typeof value === "string" || typeof value === "bigint") return decimalUnscaled(value, precision, scale);
  throw refused(`${described(value)} is no decimal; return text such as "-1.20", or a bigint of whole units`);
}

function stringWriter(values: readonly string[] | undefined): CellWriter {
  const allowed = values && new Set(values);
  return (value, into) => {
    if (typeof value !== "string") throw refused(`${described(value)} is no string`);
    if (allowed !== undefined && !allowed.has(value)) {
      throw refused(`${described(value)} is none of ${[...allowed].join(", ")}`);
    }
    if (!value.isWellFormed()) {
      throw refused(`${described(value)} has half of a surrogate pair; use toWellFormed()`);
    }
    into.string(value);
  };
}

function writeBytes(value: unknown, into: ColumnBuilder): void {
  if (!(value instanceof Uint8Array)) throw refused(`${described(value)} is no Uint8Array`);
  into.text(value, 0, value.length);
}

function dateOf(value: unknown): number {
  if (typeof value === "string") return dateDays(value);
  throw refused(`${described(value)} is no date; return text such as "2026-01-31"`);
}

function jsonOf(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw refused(`the value cannot be written as JSON: ${reasonOf(error)}`);
  }
  // JSON.stringify would write NaN as null.
  if (text === undefined || (typeof value === "number" && !Number.isFinite(value))) {
    throw refused(`${described(value)} cannot be written as JSON`);
  }
  return text;
}
