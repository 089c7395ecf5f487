/** Column expressions as the author of a pipeline sees them: each kind carries only its own methods. */
import type { TruncateUnit } from "@df/operators";
import type { DateString, Decimal, Duration, Timestamp, Type } from "@df/core";

declare const EXPR: unique symbol;
/** The bare fact that something has values of a type: what constraints ask for, since it compares in one step. */
export interface Expression<out V> {
  readonly [EXPR]?: V;
  readonly kind: "expression";
}

/** What an int or int64 column reads as. */
export type Num = number | bigint;
/** The part of null that a value brings with it: an operation with a null operand gives null, as in SQL. */
type NullIn<V> = Extract<V, null>;
type NullOf<O> = O extends Expression<infer V> ? Extract<V, null> : never;
/** A literal or an expression of the same kind. An integer literal may stand for an int64. */
type Operand<V> =
  | NonNullable<V>
  | Expression<NonNullable<V> | null>
  | (NonNullable<V> extends bigint ? number : never);

/** What can be asked of a value of any type. */
export interface AnyExpr<out V> extends Expression<V> {
  /** Comparisons answer true or false, never null: null equals nothing, not even null. */
  eq(other: Operand<V>): BoolExpr<boolean>;
  ne(other: Operand<V>): BoolExpr<boolean>;
  in(...values: NonNullable<V>[]): BoolExpr<boolean>;
  isNull(): BoolExpr<boolean>;
  orElse(value: Operand<V>): Expr<NonNullable<V>>;
  cast<To>(type: Type<To, never, boolean>): Expr<To | NullIn<V>>;
}
/** What can be asked of values that have an order. */
export interface OrderedExpr<out V> extends AnyExpr<V> {
  lt(other: Operand<V>): BoolExpr<boolean>;
  le(other: Operand<V>): BoolExpr<boolean>;
  gt(other: Operand<V>): BoolExpr<boolean>;
  ge(other: Operand<V>): BoolExpr<boolean>;
  /** `low <= this && this <= high`. */
  between(low: Operand<V>, high: Operand<V>): BoolExpr<boolean>;
}
/** What can be asked of numbers. */
export interface NumberExpr<out V> extends OrderedExpr<V> {
  add<const O extends Operand<V>>(other: O): NumberExpr<V | NullOf<O>>;
  sub<const O extends Operand<V>>(other: O): NumberExpr<V | NullOf<O>>;
  mul<const O extends Operand<V>>(other: O): NumberExpr<V | NullOf<O>>;
  /** Integers divide towards zero. Division by zero sends the row to quarantine. */
  div<const O extends Operand<V>>(other: O): NumberExpr<V | NullOf<O>>;
  mod<const O extends Operand<V>>(other: O): NumberExpr<V | NullOf<O>>;
  abs(): NumberExpr<V>;
}
/** What can be asked of text. */
export interface TextExpr<out V> extends OrderedExpr<V> {
  lower(): TextExpr<V>;
  upper(): TextExpr<V>;
  trim(): TextExpr<V>;
  concat<const O extends readonly Operand<string>[]>(
    ...parts: O
  ): TextExpr<string | NullIn<V> | NullOf<O[number]>>;
  substring(start: number, length?: number): TextExpr<V>;
  startsWith(prefix: string): BoolExpr<boolean>;
  length(): NumberExpr<number | NullIn<V>>;
}
/** What can be asked of points in time. */
export interface TimeExpr<out V> extends OrderedExpr<V> {
  plus(duration: Duration): TimeExpr<V>;
  minus(duration: Duration): TimeExpr<V>;
  /** Difference in milliseconds. */
  since<O extends Expression<Timestamp | null>>(earlier: O): NumberExpr<number | NullIn<V> | NullOf<O>>;
  /** The beginning of the unit it lies in, in UTC. */
  truncate(to: TruncateUnit): TimeExpr<V>;
}
/** What can be asked of conditions. */
export interface BoolExpr<out V> extends AnyExpr<V> {
  and(other: Expression<boolean | null>): BoolExpr<boolean>;
  or(other: Expression<boolean | null>): BoolExpr<boolean>;
  not(): BoolExpr<boolean>;
}
/** The expression for a value. Not distributive: `bigint | null` is one kind. */
export type Expr<V> = [NonNullable<V>] extends [Timestamp]
  ? TimeExpr<V>
  : [NonNullable<V>] extends [DateString]
    ? OrderedExpr<V>
    : [NonNullable<V>] extends [Num | Decimal]
      ? NumberExpr<V>
      : [NonNullable<V>] extends [boolean]
        ? BoolExpr<V>
        : [NonNullable<V>] extends [string]
          ? TextExpr<V>
          : AnyExpr<V>;

/** `col("cents")`, and `...col.all` for all columns. */
export interface ColumnPicker<Row> {
  <P extends keyof Row & string>(column: P): Expr<Row[P]>;
  readonly all: { readonly [P in keyof Row & string]: Expression<Row[P]> };
}
/** Columns of a result, by name. */
export type Exprs = { readonly [column: string]: Expression<unknown> };
/** The row that they make. */
export type ExprRow<E> = { -readonly [P in keyof E]: E[P] extends Expression<infer V> ? V : never } & {};
export type { TruncateUnit };
