/**
 * How a misuse is refused by the compiler: a parameter of type `Refused<"why, and what to do">` accepts nothing, so the
 * reason stands in the first line of the error. Rules for all signatures of this package:
 *  - a guard sits on the first parameter of its verb (the id, where there is one), so it takes no part in inference;
 *  - a guard looks at Change, Key and Timed, never at Row alone, so that functions may be generic in Row;
 *  - a row type is made flat at every step, so that editors show columns and not the history of the stream;
 *  - `Guard & Type` is never written: it collapses to `never` and the text is lost.
 */
import type { ChangeMode, TypedSink } from "@df/core";

declare const WHY: unique symbol;
/**
 * A parameter of this type accepts nothing: the text is the error message. Texts stay under 200 characters: the
 * compiler cuts at 320. Text with a brand, because an interface would be reported as "property is missing", and bare
 * text would be offered as a completion.
 */
export type Refused<Why extends string> = Why & { readonly [WHY]: never };

/** The same columns, written out. */
export type Flat<T> = { [P in keyof T]: T[P] } & {};

/** The columns of some type. An object type, because an alias of names is printed with the whole row in errors. */
export type Only<Row, Value, Not = never> = {
  [
    P in keyof Row as [NonNullable<Row[P]>] extends [Not]
      ? never
      : [NonNullable<Row[P]>] extends [Value]
        ? P
        : never
  ]: Row[P];
};

/** Names in quotes, for messages. */
export type Listed<Names extends string> = Names extends string ? `"${Names}"` : never;

/** Refuses streams without event time. */
export type NeedsTime<Timed, Then, Verb extends string> = [Timed] extends [true]
  ? Then
  : Refused<`${Verb} needs event time: name it where the data comes in, p.from(id, source, { eventTime, maxOutOfOrderness }); views and .late have none [DF_NO_EVENT_TIME]`>;

/** Refuses streams whose rows change. */
export type NeedsAppend<Change, Then, Verb extends string> = [Change] extends ["append"]
  ? Then
  : Refused<`${Verb} takes events, but rows of this stream can still change: use it before them, or make the result final [DF_NOT_APPEND]`>;

/** Refuses upserts: they must first become old row and new row, else an aggregate would count a corrected row twice. */
export type NotUpsert<Change, Then, Verb extends string> = [Change] extends ["append" | "retract"]
  ? Then
  : Refused<`${Verb} on upserts would count a corrected row twice: put .changelog(id) before it [DF_NEEDS_CHANGELOG]`>;

/** Refuses everything but upserts. */
export type NeedsUpsert<Change, Then, Verb extends string> = [Change] extends ["upsert"]
  ? Then
  : Refused<`${Verb} is for upserts; this stream is none [DF_NOT_UPSERT]`>;

type KeepsKey<New, Key extends string, Then, Verb extends string> = [Exclude<Key, keyof New>] extends [never]
  ? Then
  : Refused<`${Verb} drops key column ${Listed<Exclude<Key, keyof New>>} of this stream of updates; keep it [DF_KEY_LOST]`>;
type Same<A, B> = [A, B] extends [B, A] ? true : false;
type ChangedKeys<New, Row, Key extends string> = {
  [P in Key]: P extends keyof New & keyof Row ? (Same<New[P], Row[P]> extends true ? never : P) : never;
}[Key];
/** Refuses new columns without the key, or with the key in another type: two rows could no longer be told apart. */
export type KeepsKeyTypes<New, Row, Key extends string, Then, Verb extends string> = [
  ChangedKeys<New, Row, Key>,
] extends [never]
  ? KeepsKey<New, Key, Then, Verb>
  : Refused<`${Verb} changes the type of key column ${Listed<ChangedKeys<New, Row, Key>>} [DF_KEY_TYPE]`>;

type Modes<C> = [C] extends ["append"]
  ? "new rows only"
  : [C] extends ["append" | "upsert"]
    ? "new rows and upserts"
    : "other changes";
type Misfit<Row, Wanted> = {
  [P in keyof Wanted & string]: P extends keyof Row
    ? Row[P] extends Wanted[P]
      ? never
      : NonNullable<Row[P]> extends Wanted[P]
        ? `column "${P}" without nulls`
        : `column "${P}" in another type`
    : `column "${P}"`;
}[keyof Wanted & string];
type FitsRow<S, Row, Wanted> = unknown extends Wanted
  ? S
  : [Row] extends [Wanted]
    ? S
    : Refused<`this sink wants ${Misfit<Row, Wanted>} [DF_SINK_ROW]`>;
/**
 * The sink, if it takes these rows and changes. The widest cases are asked first, so that a sink for any row or any
 * change works where Row or Change is a type parameter.
 */
export type Fits<S, Row, Change extends ChangeMode> =
  S extends TypedSink<infer Wanted, infer Takes>
    ? [ChangeMode] extends [Takes]
      ? FitsRow<S, Row, Wanted>
      : [Change] extends [Takes]
        ? FitsRow<S, Row, Wanted>
        : Refused<`this sink takes ${Modes<Takes>}, but rows of this stream ${[Change] extends ["upsert"] ? "are updated" : "are taken back"}: use a table sink, or make the result final (emit: 'final', no allowedLateness) [DF_SINK_MODE]`>
    : never;

/** A lambda runs again after a crash and inside a batch, so it cannot wait. */
export interface NotAsync {
  readonly then?: Refused<"this lambda must not be async: it runs inside a batch and cannot wait [DF_ASYNC_LAMBDA]">;
}
