/** Checks of rows by validators that follow Standard Schema (https://standardschema.dev), version 1. */
import { DataflowError } from "@df/core";
import type { RowCheck } from "@df/core";
import type { Listed, Refused } from "./refusals.ts";

/** Faults of a row that a reason tells at most. */
const ISSUES_MAX = 3;

/** A schema of zod, valibot, arktype or another library of Standard Schema. */
export interface StandardSchema<Input = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>;
    readonly types?: { readonly input: Input; readonly output: unknown } | undefined;
  };
}

/** A value, or why it is none. */
type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** What is wrong, and where. */
interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type InputOf<S> = S extends StandardSchema<infer Input> ? Input : never;
/** Whether one of two types is a part of the other, nulls aside: "a" | "b" and string, number and Timestamp. */
type Related<A, B> = [A] extends [B] ? true : [B] extends [A] ? true : false;
type Foreign<Input, Row> = {
  [P in keyof Input & string]: P extends keyof Row
    ? Related<NonNullable<Input[P]>, NonNullable<Row[P]>> extends true
      ? never
      : P
    : undefined extends Input[P]
      ? never
      : P;
}[keyof Input & string];
/**
 * The schema, if rows have the columns that it looks at. In a function that is generic in its row this cannot be told:
 * there the row names those columns, `(orders: Events<{ id: string }>) => …`.
 */
export type Checks<S, Row> = [Foreign<InputOf<S>, Row>] extends [never]
  ? S
  : Refused<`validate() looks at ${Listed<Foreign<InputOf<S>, Row>>}, which is no column here, or one of another type [DF_VALIDATOR]`>;

/**
 * The check of rows that a schema makes. The row that passes is the old one, so a schema that changes a value is
 * refused at the first row for which it does.
 * @throws DF_VALIDATOR for what is no such schema, and for one that is seen to be asynchronous
 */
export function checkOf(schema: unknown, verb: string): RowCheck {
  if (!isStandardSchema(schema)) {
    throw new DataflowError(
      "DF_VALIDATOR",
      `${verb} takes a schema of zod, valibot, arktype or another library of Standard Schema.`,
    );
  }
  refuseWaiting(schema, verb);
  return {
    columns: "all",
    fault: (row) => {
      const result = validated(schema, row, verb);
      if (result.issues !== undefined) return reasonOfIssues(result.issues);
      sameOrThrow(row, result.value, verb);
      return undefined;
    },
  };
}

/** What a schema says of a value. @throws DF_VALIDATOR if it says so later */
export function validated(schema: StandardSchema, value: unknown, verb: string): StandardResult {
  const result = schema["~standard"].validate(value);
  if (!isWaiting(result)) return result;
  // Nobody waits for its answer, and nobody is told of it.
  result.then(undefined, () => {});
  throw waiting(verb);
}

/**
 * Refuses a schema that has made another value of the one it was given, of `column` or of a whole row.
 * @throws DF_VALIDATOR
 */
export function sameOrThrow(old: unknown, made: unknown, verb: string, column?: string): void {
  const changed =
    column === undefined
      ? changedPart(old as object, made)
      : isSame(old, made)
        ? undefined
        : `column "${column}"`;
  if (changed === undefined) return;
  throw new DataflowError(
    "DF_VALIDATOR",
    `The schema of ${verb} changes ${changed}, but a check leaves rows as they are. Take its transforms and ` +
      "defaults out of it, and make the new value with .map() or .select().",
  );
}

/** The reason that a row is refused with: `Column "cents": too small`. */
export function reasonOfIssues(issues: readonly StandardIssue[]): string {
  const told = issues.slice(0, ISSUES_MAX).map(({ message, path = [] }) => {
    const [column, ...rest] = path.map((part) => String(typeof part === "object" ? part.key : part));
    return column === undefined
      ? message
      : `Column "${column}"${rest.map((part) => `.${part}`).join("")}: ${message}`;
  });
  const more = issues.length - told.length;
  return `${told.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function isStandardSchema(schema: unknown): schema is StandardSchema {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return false;
  const standard: unknown = "~standard" in schema ? schema["~standard"] : undefined;
  return typeof standard === "object" && standard !== null && "validate" in standard;
}

/** Some schemas are asynchronous whatever they are given. */
function refuseWaiting(schema: StandardSchema, verb: string): void {
  let result: unknown;
  try {
    result = schema["~standard"].validate({});
  } catch {
    // It was asked about what is no row.
    return;
  }
  if (!isWaiting(result)) return;
  result.then(undefined, () => {});
  throw waiting(verb);
}

function isWaiting(result: unknown): result is Promise<unknown> {
  return typeof result === "object" && result !== null && "then" in result;
}

function waiting(verb: string): DataflowError {
  return new DataflowError(
    "DF_VALIDATOR",
    `The schema of ${verb} is asynchronous, but it runs inside a batch and cannot wait. Make it synchronous.`,
  );
}

/** What a schema has made another value of, in words. Columns that it leaves out are as they were. */
function changedPart(row: object, value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "the row";
  if (value === row) return undefined;
  const old = row as Readonly<Record<string, unknown>>;
  for (const [name, made] of Object.entries(value)) {
    const isKnown = Object.hasOwn(old, name);
    if (isKnown ? !isSame(old[name], made) : made !== undefined) return `column "${name}"`;
  }
  return undefined;
}

/** Objects, which a schema copies, count as the same. */
function isSame(old: unknown, made: unknown): boolean {
  return old === made || Object.is(old, made) || (isObject(old) && isObject(made));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
