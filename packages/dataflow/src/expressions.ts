/** What runs behind the types of expression-types.ts: each method adds a node to a tree of plain data. */
import { DataflowError, checkOneOf, columnIndex, micros } from "@df/core";
import type { Duration, Schema, Type } from "@df/core";
import { column, literal } from "@df/operators";
import type { SelectOptions, Expression as Tree } from "@df/operators";
import type { Expr, TruncateUnit } from "./expression-types.ts";

type Value = string | number | bigint | boolean;
type Operand = Value | FluentExpression;

/** An expression while it is written. Which methods a value has is a matter of types. */
export class FluentExpression {
  readonly kind = "expression";
  readonly tree: Tree;

  constructor(tree: Tree) {
    this.tree = tree;
  }

  eq = (other: Operand): FluentExpression => this.#compare("eq", other);
  ne = (other: Operand): FluentExpression => this.#compare("ne", other);
  lt = (other: Operand): FluentExpression => this.#compare("lt", other);
  le = (other: Operand): FluentExpression => this.#compare("le", other);
  gt = (other: Operand): FluentExpression => this.#compare("gt", other);
  ge = (other: Operand): FluentExpression => this.#compare("ge", other);
  add = (other: Operand): FluentExpression => this.#calculate("add", other);
  sub = (other: Operand): FluentExpression => this.#calculate("sub", other);
  mul = (other: Operand): FluentExpression => this.#calculate("mul", other);
  div = (other: Operand): FluentExpression => this.#calculate("div", other);
  mod = (other: Operand): FluentExpression => this.#calculate("mod", other);
  abs = (): FluentExpression => this.#made({ kind: "abs", of: this.tree });
  not = (): FluentExpression => this.#made({ kind: "not", of: this.tree });
  isNull = (): FluentExpression => this.#made({ kind: "isNull", of: this.tree });
  lower = (): FluentExpression => this.#made({ kind: "lower", of: this.tree });
  upper = (): FluentExpression => this.#made({ kind: "upper", of: this.tree });
  trim = (): FluentExpression => this.#made({ kind: "trim", of: this.tree });
  length = (): FluentExpression => this.#made({ kind: "length", of: this.tree });

  between(low: Operand, high: Operand): FluentExpression {
    return this.ge(low).and(this.le(high));
  }
  in(...values: readonly Value[]): FluentExpression {
    return this.#made({ kind: "in", of: this.tree, values: values.map((value) => literal(value)) });
  }
  and(other: Operand): FluentExpression {
    return this.#made({ kind: "and", left: this.tree, right: treeOf(other) });
  }
  or(other: Operand): FluentExpression {
    return this.#made({ kind: "or", left: this.tree, right: treeOf(other) });
  }
  orElse(value: Operand): FluentExpression {
    return this.#made({ kind: "orElse", of: this.tree, value: treeOf(value) });
  }
  cast(type: Type<unknown, never, boolean>): FluentExpression {
    return this.#made({ kind: "cast", of: this.tree, to: type.column });
  }
  concat(...parts: readonly Operand[]): FluentExpression {
    return this.#made({ kind: "concat", parts: [this.tree, ...parts.map(treeOf)] });
  }
  substring(start: number, length?: number): FluentExpression {
    const of = { kind: "substring", of: this.tree, start } as const;
    return this.#made(length === undefined ? of : { ...of, length });
  }
  startsWith(prefix: string): FluentExpression {
    return this.#made({ kind: "startsWith", of: this.tree, prefix });
  }
  plus(duration: Duration): FluentExpression {
    return this.#made({ kind: "shift", of: this.tree, micros: micros(duration) });
  }
  minus(duration: Duration): FluentExpression {
    // `0 -` instead of `-`: a negative zero would be written as 0 and so differ from itself as JSON.
    return this.#made({ kind: "shift", of: this.tree, micros: 0 - micros(duration) });
  }
  since(earlier: Operand): FluentExpression {
    return this.#made({ kind: "since", of: this.tree, earlier: treeOf(earlier) });
  }
  truncate(to: TruncateUnit): FluentExpression {
    checkOneOf(to, ["minute", "hour", "day"] satisfies TruncateUnit[], "The unit of truncate()");
    return this.#made({ kind: "truncate", of: this.tree, to });
  }

  #compare(op: "eq" | "ne" | "lt" | "le" | "gt" | "ge", other: Operand): FluentExpression {
    return this.#made({ kind: "compare", op, left: this.tree, right: treeOf(other) });
  }
  #calculate(op: "add" | "sub" | "mul" | "div" | "mod", other: Operand): FluentExpression {
    return this.#made({ kind: "arithmetic", op, left: this.tree, right: treeOf(other) });
  }
  #made(tree: Tree): FluentExpression {
    return new FluentExpression(tree);
  }
}

/** A value as an expression: `lit("web")`. An integer is an int64 that reads as a number. */
export function lit<V extends Value>(
  value: V,
): Expr<V extends string ? string : V extends number ? number : V extends bigint ? bigint : boolean> {
  return new FluentExpression(literal(value)) as never;
}

/** The parameter of `select()`: `col("cents")`, `...col.all`. */
export interface FluentPicker {
  (name: string): FluentExpression;
  readonly all: Readonly<Record<string, FluentExpression>>;
}
export type BuildExpressions = (col: FluentPicker) => Readonly<Record<string, FluentExpression>>;

/**
 * The options of the select operator. Where all columns of the input come first, unchanged or replaced, they are handed
 * on as they are, so that those nobody wants are never read.
 * @throws DF_NO_COLUMN, DF_EXPRESSION for something else than an expression
 */
export function expressionsOf(make: BuildExpressions, input: Schema): SelectOptions {
  const names = input.fields.map((field) => field.name);
  const pick = (name: string): FluentExpression => {
    columnIndex(input, name);
    return new FluentExpression(column(name));
  };
  const all = Object.fromEntries(names.map((name) => [name, pick(name)]));
  const entries = Object.entries(make(Object.assign(pick, { all }))).map(([name, made]): [string, Tree] => {
    if (made instanceof FluentExpression) return [name, made.tree];
    throw new DataflowError(
      "DF_EXPRESSION",
      `Column "${name}" is no expression. Write col("…"), or lit(…) for a value.`,
    );
  });
  const isKept = ([name, tree]: [string, Tree]): boolean => tree.kind === "column" && tree.name === name;
  const beginsWithAll = names.every((name, index) => entries[index]?.[0] === name);
  if (!beginsWithAll || !entries.some(isKept)) return { expressions: Object.fromEntries(entries) };
  return { expressions: Object.fromEntries(entries.filter((entry) => !isKept(entry))), all: true };
}

function treeOf(operand: Operand): Tree {
  return operand instanceof FluentExpression ? operand.tree : literal(operand);
}
