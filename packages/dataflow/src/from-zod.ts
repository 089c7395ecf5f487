import { DataflowError, t } from "@df/core";
import type { Columns, RowCheck, RowType, Type } from "@df/core";
import type { $ZodObject, $ZodType } from "zod/v4/core";
import { reasonOfIssues, sameOrThrow, validated } from "./standard-schema.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { zodValue } from "./zod-values.ts";
import type { ColumnsOfZod, Mapped } from "./zod-types.ts";

type AnyType = Type<unknown, never, boolean>;
/** What a schema knows of itself, of which each kind has a part. */
interface Def {
  readonly type: string;
  readonly format?: string;
  readonly coerce?: boolean;
  readonly innerType?: $ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDef } }[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly values?: readonly unknown[];
  readonly catchall?: $ZodType;
  readonly precision?: number | null;
  readonly local?: boolean;
  readonly normalize?: boolean;
}
interface CheckDef {
  readonly check: string;
  readonly format?: string;
  readonly fn?: unknown;
}

const VERB = "fromZod()";
/** What to write instead of schemas that are no types of columns. */
const REMEDIES: Readonly<Record<string, string>> = {
  default: "declare it .nullable() or .optional(), and give the value with .map() behind the source",
  prefault: "declare it .nullable() or .optional(), and give the value with .map() behind the source",
  catch: "take .catch() away: a row with another value goes to quarantine",
  pipe: "declare the type that is read, and make the other one of it with .map()",
  transform: "declare the type that is read, and make the other one of it with .map()",
  readonly: "take .readonly() away",
  union: "for several texts write z.enum(), for a value or null .nullable()",
  object: "rows are flat: give its fields columns of their own, or declare the row with t.row() and t.json()",
  array: "rows are flat: declare the row with t.row() and t.json()",
  record: "rows are flat: declare the row with t.row() and t.json()",
};

/**
 * The row type of a zod object: each field becomes the column that holds exactly its values. What zod asks for beyond
 * the type (`.min()`, `.regex()`, `.refine()`, …) is checked of every row in a step behind the source, and rows that
 * have a fault go to quarantine with its text. See the page of verbs for the types.
 * @throws DF_ZOD for a field that has no such column, or a schema that changes values, naming the field and the remedy
 */
export function fromZod<const Z extends $ZodObject>(object: Mapped<Z>): RowType<ColumnsOfZod<Z>> {
  const schema = object as unknown as $ZodObject & StandardSchema;
  const def = schema?._zod?.def;
  if (def?.type !== "object") {
    throw new DataflowError(
      "DF_ZOD",
      `${VERB} takes an object of zod 4: ${VERB.slice(0, -1)}z.object({ … })).`,
    );
  }
  if (def.catchall !== undefined) {
    throw refused("object", undefined, "keys that are no columns are passed over", "write z.object()");
  }
  refuseChanges("object", defOf(schema));
  const columns: Columns = Object.fromEntries(
    Object.entries(def.shape).map(([name, field]) => [name, columnOf(name, field)]),
  );
  const row = t.row(columns);
  const check = rowCheck(schema, Object.entries(def.shape));
  const made = check === undefined ? row : { columns, schema: { ...row.schema, check } };
  return made as RowType<ColumnsOfZod<Z>>;
}

function columnOf(name: string, schema: $ZodType): AnyType {
  const def = defOf(schema);
  refuseChanges(name, def);
  switch (def.type) {
    case "nullable":
      return columnOf(name, def.innerType as $ZodType).nullable() as AnyType;
    case "optional":
      return columnOf(name, def.innerType as $ZodType).optional() as AnyType;
    case "string":
      return textOf(name, def);
    case "number":
      return numberOf(def);
    case "bigint":
      if (formats(def).includes("uint64"))
        throw refused(name, "a 64-bit number without sign", "no column holds all of them", "write z.int64()");
      return t.int64();
    case "boolean":
      return t.bool();
    case "date":
      return t.timestamp() as AnyType;
    case "enum":
      return enumOf(name, Object.values(def.entries ?? {}));
    case "literal":
      return enumOf(name, def.values ?? []);
    default: {
      const remedy = REMEDIES[def.type] ?? "declare the row with t.row(), and check it with .validate()";
      throw refused(name, def.type, "that is no type of a column", remedy);
    }
  }
}

function textOf(name: string, def: Def): AnyType {
  if (def.format === "date") return t.date() as AnyType;
  if (def.format !== "datetime") return t.string();
  if (def.local === true) {
    throw refused(name, "a time without zone", "it names no moment", "take local: true away");
  }
  if (def.precision !== undefined && def.precision !== null) {
    throw refused(name, "a time of one precision", "a timestamp has microseconds", "take precision away");
  }
  return t.timestamp() as AnyType;
}

function numberOf(def: Def): AnyType {
  const all = formats(def);
  if (all.includes("int32")) return t.int32();
  return all.includes("safeint") || all.includes("uint32") ? t.int() : t.float64();
}

function enumOf(name: string, values: readonly unknown[]): AnyType {
  const [first, ...more] = values;
  if (typeof first === "string" && more.every((value) => typeof value === "string")) {
    return t.enum(first, ...more);
  }
  throw refused(
    name,
    "one of some values",
    "only texts can be listed",
    "write z.int() or z.boolean() with .refine()",
  );
}

/** Formats of a number, which `z.int()` has itself and `z.number().int()` among its checks. */
function formats({ format, checks = [] }: Def): readonly (string | undefined)[] {
  return [format, ...checks.map(({ _zod }) => _zod.def.format)];
}

function refuseChanges(name: string, def: Def): void {
  const fns = (def.checks ?? []).map(({ _zod }) => _zod.def);
  if (def.coerce === true) {
    throw refused(name, "a coerced value", "columns hold what is read", "take coerce away");
  }
  if (def.normalize === true || fns.some(({ check }) => check === "overwrite")) {
    throw refused(
      name,
      "a changed value",
      "a check leaves rows as they are",
      "change it with .map() behind the source",
    );
  }
  if (fns.some(({ fn }) => Object.prototype.toString.call(fn) === "[object AsyncFunction]")) {
    throw refused(
      name,
      "an async .refine()",
      "it runs inside a batch and cannot wait",
      "make it synchronous",
    );
  }
}

/** What zod asks for beyond the types of the columns; undefined where that is nothing. */
function rowCheck(
  schema: $ZodObject & StandardSchema,
  fields: readonly (readonly [string, $ZodType])[],
): RowCheck | undefined {
  const all = fields.map(([name, field]) => ({ name, field, value: zodValue(field) }));
  const isWhole = (defOf(schema).checks ?? []).length > 0;
  const checked = isWhole ? all : all.filter(({ field }) => asksMore(field));
  if (checked.length === 0) return undefined;
  return {
    columns: checked.map(({ name }) => name),
    fault: isWhole
      ? (row) => {
          const given = Object.fromEntries(checked.map(({ name, value }) => [name, value(row[name])]));
          return faultOf(schema, given, undefined);
        }
      : (row) => {
          const faults = checked.map(({ name, field, value }) =>
            faultOf(field as $ZodType & StandardSchema, value(row[name]), name),
          );
          const found = faults.filter((fault) => fault !== undefined);
          return found.length === 0 ? undefined : found.join("; ");
        },
  };
}

function faultOf(schema: StandardSchema, value: unknown, column: string | undefined): string | undefined {
  const result = validated(schema, value, VERB);
  if (result.issues === undefined) {
    sameOrThrow(value, result.value, VERB, column);
    return undefined;
  }
  return reasonOfIssues(
    column === undefined
      ? result.issues
      : result.issues.map(({ message, path = [] }) => ({ message, path: [column, ...path] })),
  );
}

/** Whether values of the column may be none of the schema. A float64 may be NaN, which zod does not take. */
function asksMore(schema: $ZodType): boolean {
  const def = defOf(schema);
  if (def.innerType !== undefined && asksMore(def.innerType)) return true;
  if ((def.checks ?? []).some(({ _zod }) => _zod.def.format !== "safeint" && _zod.def.format !== "int32"))
    return true;
  if (def.type === "number") return !["safeint", "int32"].some((format) => formats(def).includes(format));
  return (
    def.type === "string" && def.format !== undefined && def.format !== "date" && def.format !== "datetime"
  );
}

function defOf(schema: $ZodType): Def {
  return schema._zod.def as unknown as Def;
}

function refused(name: string, what: string | undefined, why: string, remedy: string): DataflowError {
  const place = what === undefined ? `the ${name}` : `"${name}" is ${what}`;
  return new DataflowError("DF_ZOD", `${VERB}: ${place}, but ${why}: ${remedy}.`);
}
