/** What runs behind the types of join-types.ts: an operator that pairs rows, and behind it one that makes columns. */
import { DataflowError, columnIndex, micros, schemaOf, t, checkOneOf, checkOptions } from "@df/core";
import type { Duration, OperatorSpec, Schema } from "@df/core";
import { column, columnsRead, joinWindow, select } from "@df/operators";
import type { Expression as Tree } from "@df/operators";
import { FluentExpression } from "./expressions.ts";
import type { FluentPicker } from "./expressions.ts";
import type { JoinKind } from "./join-types.ts";
import { checkLambda } from "./lambda.ts";
import type { Sliding, Tumbling } from "./windows.ts";

const KINDS: readonly JoinKind[] = ["inner", "left", "right", "full"];
/** Stand before the names of columns between the two operators, as both sides may have a column of one name. */
const LEFT = "left.";
const RIGHT = "right.";
const BOUNDS: Schema = schemaOf({ windowStart: t.timestamp(), windowEnd: t.timestamp() });

/** The options of `joinWindow()`. */
export interface JoinInput {
  readonly on: Readonly<Record<string, string>>;
  readonly window: Tumbling | Sliding;
  readonly type?: JoinKind | undefined;
  readonly select: (
    left: FluentPicker,
    right: FluentPicker,
    window: FluentPicker,
  ) => Readonly<Record<string, FluentExpression>>;
  readonly allowedLateness?: Duration | undefined;
  readonly renamedFrom?: string | undefined;
}

/**
 * The operator that pairs rows, with the columns that the result reads, and the one that makes the result's columns.
 * @throws DF_OPTION, DF_WINDOW, DF_JOIN_ON, DF_LAMBDA, DF_NO_COLUMN, DF_EXPRESSION
 */
export function joinSpecs(
  left: Schema,
  right: Schema,
  options: JoinInput,
): { readonly pairs: OperatorSpec; readonly columns: OperatorSpec } {
  checkOptions(options, ["on", "window", "type", "select", "allowedLateness", "renamedFrom"], "joinWindow()");
  const { type = "inner", allowedLateness = "0s" } = options;
  checkOneOf(type, KINDS, "The type of a join");
  checkWindow(options.window);
  checkLambda(options.select, "joinWindow()");
  const made: unknown = options.select(pickerOf(left, LEFT), pickerOf(right, RIGHT), pickerOf(BOUNDS, ""));
  const expressions = Object.fromEntries(
    Object.entries(madeOf(made)).map(([name, each]) => [name, treeOf(name, each)]),
  );
  const read = Object.values(expressions).flatMap(columnsRead);
  return {
    pairs: joinWindow({
      on: onOf(options.on, left, right),
      window: options.window,
      type,
      left: behind(LEFT, read),
      right: behind(RIGHT, read),
      allowedLatenessMicros: micros(allowedLateness, "allowedLateness"),
    }),
    columns: select({ expressions }),
  };
}

function checkWindow(window: unknown): void {
  const kind = typeof window === "object" && window !== null && "kind" in window ? window.kind : undefined;
  if (kind === "tumbling" || kind === "sliding") return;
  throw new DataflowError(
    "DF_WINDOW",
    `joinWindow() needs a window whose bounds do not depend on rows: tumbling("1h") or sliding("1h", "5m").`,
  );
}

function madeOf(made: unknown): object {
  if (typeof made === "object" && made !== null) return made;
  throw new DataflowError(
    "DF_LAMBDA",
    `The select of joinWindow() returns ${String(made)}; it returns the columns: (left, right) => ({ id: left("id") }).`,
  );
}

function onOf(on: unknown, left: Schema, right: Schema): { readonly left: string; readonly right: string }[] {
  if (typeof on !== "object" || on === null || Array.isArray(on)) {
    throw new DataflowError(
      "DF_JOIN_ON",
      'joinWindow() needs the columns of both sides by name, also where they are the same: { on: { id: "id" } }.',
    );
  }
  const entries: [string, unknown][] = Object.entries(on);
  return entries.map(([mine, theirs]) => {
    if (typeof theirs !== "string") {
      throw new DataflowError(
        "DF_JOIN_ON",
        `joinWindow() has on: { ${mine}: … } without the name of a column of the right side. Write it as text.`,
      );
    }
    checkColumn(left, "left", mine);
    checkColumn(right, "right", theirs);
    return { left: mine, right: theirs };
  });
}

/** As `columnIndex`, and says on which side. */
function checkColumn({ fields }: Schema, side: "left" | "right", name: string): void {
  if (fields.some((field) => field.name === name)) return;
  throw new DataflowError(
    "DF_NO_COLUMN",
    `joinWindow() compares "${name}" of its ${side} side, which has no such column. Its columns are: ` +
      `${fields.map((field) => field.name).join(", ")}.`,
  );
}

/** What `select` calls for a column of a side. */
function pickerOf(schema: Schema, prefix: string): FluentPicker {
  const pick = (name: string): FluentExpression => {
    columnIndex(schema, name);
    return new FluentExpression(column(`${prefix}${name}`));
  };
  const all = Object.fromEntries(schema.fields.map(({ name }) => [name, pick(name)]));
  return Object.assign(pick, { all });
}

function treeOf(name: string, made: unknown): Tree {
  if (made instanceof FluentExpression) return made.tree;
  throw new DataflowError(
    "DF_EXPRESSION",
    `Column "${name}" is no expression. Write left("…"), right("…") or window("…"), or lit(…) for a value.`,
  );
}

/** The names that begin with a prefix, each with what stands behind it. */
function behind(prefix: string, names: readonly string[]): Readonly<Record<string, string>> {
  const own = names.filter((name) => name.startsWith(prefix));
  return Object.fromEntries(own.map((name) => [name, name.slice(prefix.length)]));
}
