import { inspect } from "node:util";
import {
  DataflowError,
  fieldOf,
  reasonOf,
  sameType,
  typeName,
  type Aggregate,
  type AggregateSpec,
  type Column,
  type ColumnBuilder,
  type Columns,
  type Field,
  type ReadOf,
  type StateTable,
  type Type,
  type WriteOf,
} from "@df/core";
import { cellReader, cellWriter, type CellReader, type CellWriter } from "@df/core/batch/rows";
import { RowState } from "./row-state.ts";

declare const LAWS: unique symbol;

/** What an aggregate can do beside adding. */
export type Law = "merge" | "retract";

/** The parts of an aggregate. All functions are pure: they return the new state and leave the old one as it is. */
export interface AggregateParts<V, S extends Columns, R> {
  /** The type of the column it is used on. */
  readonly value: Type<V, never, boolean>;
  /** The columns of its state; it is checkpointed as their bytes. */
  readonly state: S;
  readonly output: Type<R, never, boolean>;
  init(): WriteOf<S>;
  add(state: ReadOf<S>, value: V): WriteOf<S>;
  result(state: ReadOf<S>): R;
}

/** An aggregate of yours, and the laws it keeps. */
export interface AggregateDefinition<V, S extends Columns, R, Laws extends Law> {
  readonly [LAWS]?: { readonly value: (value: V) => void; readonly result: R; readonly laws: Laws };
  readonly output: Type<R, never, boolean>;
  /** Joins two partial states: needed for windows that share their parts. */
  merge(join: (a: ReadOf<S>, b: ReadOf<S>) => WriteOf<S>): AggregateDefinition<V, S, R, Laws | "merge">;
  /** Takes a value back: needed where rows can change. */
  retract(take: (state: ReadOf<S>, value: V) => WriteOf<S>): AggregateDefinition<V, S, R, Laws | "retract">;
  /** The aggregate over a column. */
  on(column: string): AggregateSpec;
}

interface Definition<V, S extends Columns, R> extends AggregateParts<V, S, R> {
  readonly join?: ((a: ReadOf<S>, b: ReadOf<S>) => WriteOf<S>) | undefined;
  readonly take?: ((state: ReadOf<S>, value: V) => WriteOf<S>) | undefined;
}

/**
 * Defines an aggregate by its state and functions. Nulls are passed over; the result is null for no values. The result
 * must not depend on the order of the values, as their order is not part of the input.
 */
export function defineAggregate<V, const S extends Columns, R>(
  parts: AggregateParts<V, S, R>,
): AggregateDefinition<V, S, R, never> {
  return definition<V, S, R, never>(parts);
}

function definition<V, S extends Columns, R, Laws extends Law>(
  parts: Definition<V, S, R>,
): AggregateDefinition<V, S, R, Laws> {
  return {
    output: parts.output,
    merge: (join) => definition<V, S, R, Laws | "merge">({ ...parts, join }),
    retract: (take) => definition<V, S, R, Laws | "retract">({ ...parts, take }),
    on: (column) => specOf(parts, column),
  };
}

function specOf<V, S extends Columns, R>(parts: Definition<V, S, R>, column: string): AggregateSpec {
  return {
    name: "user-defined",
    column,
    options: { state: Object.entries(parts.state).map(([name, type]) => [name, typeName(type.column)]) },
    retractable: parts.take !== undefined,
    mergeable: parts.join !== undefined,
    output: (input, name) => outputField(parts, fieldOf(input, column), name),
    state: (_input, name) => {
      const bytes = {
        name: `${name}.state`,
        type: { kind: "bytes" },
        nullable: true,
        optional: false,
      } as const;
      return [
        { name: `${name}.values`, words: 1 },
        { name: bytes.name, field: bytes },
      ];
    },
    open: (input, table, offset) => {
      outputField(parts, fieldOf(input, column), column);
      const open = new UserDefined(guarded(parts, column), table, offset);
      return parts.join === undefined ? withoutMerge(open) : open;
    },
  };
}

/** The same functions; what they throw is told with their name, the column and what they were given. */
function guarded<V, S extends Columns, R>(parts: Definition<V, S, R>, column: string): Definition<V, S, R> {
  const guard =
    <Given extends unknown[], Made>(name: string, work: (...given: Given) => Made) =>
    (...given: Given): Made => {
      try {
        return work(...given);
      } catch (thrown) {
        throw failed(`${name}(${given.map(excerpt).join(", ")})`, column, thrown);
      }
    };
  const { join, take } = parts;
  return {
    ...parts,
    init: guard("init", () => parts.init()),
    add: guard("add", (state: ReadOf<S>, value: V) => parts.add(state, value)),
    result: guard("result", (state: ReadOf<S>) => parts.result(state)),
    join: join && guard("merge", join),
    take: take && guard("retract", take),
  };
}

function excerpt(given: unknown): string {
  return inspect(given, { breakLength: Infinity, maxStringLength: 100, maxArrayLength: 10 });
}

function failed(call: string, column: string, cause: unknown): unknown {
  if (cause instanceof DataflowError) return cause;
  const words = `${call} of an aggregate of column "${column}" threw: ${reasonOf(cause).replace(/\.+$/, "")}`;
  const why = "No row can be left out of a result unseen, so the run ends";
  return new DataflowError(
    "DF_AGGREGATE_FAILED",
    `${words}. ${why}: mend the function, or leave such rows out before, with .filter() or a.where().`,
    { cause },
  );
}

function outputField<V, S extends Columns, R>(parts: Definition<V, S, R>, input: Field, name: string): Field {
  if (!sameType(parts.value.column, input.type)) {
    throw new DataflowError(
      "DF_AGGREGATE_TYPE",
      `The aggregate for "${name}" takes ${typeName(parts.value.column)}; column "${input.name}" is ` +
        `${typeName(input.type)}. Use it on another column, or declare its value as the column is.`,
    );
  }
  const { column: type, isNullable } = parts.output;
  return { name, type, nullable: isNullable || input.nullable, optional: false };
}

function withoutMerge(aggregate: Aggregate): Aggregate {
  return {
    fold: (rows, input, source, count, diffs) => aggregate.fold(rows, input, source, count, diffs),
    result: (rows, count, into) => aggregate.result(rows, count, into),
  };
}

// A row: how many values there are, and a reference to the bytes of the state; 0 before the first value.
const COUNT = 0;
const STATE = 1;

class UserDefined<V, S extends Columns, R> implements Aggregate {
  readonly #parts: Definition<V, S, R>;
  readonly #table: StateTable;
  readonly #offset: number;
  readonly #codec: RowState<S>;
  readonly #value: CellReader;
  readonly #result: CellWriter;
  readonly #add: (state: ReadOf<S>, value: V) => WriteOf<S>;

  constructor(parts: Definition<V, S, R>, table: StateTable, offset: number) {
    this.#parts = parts;
    this.#table = table;
    this.#offset = offset;
    this.#codec = new RowState(parts.state);
    this.#value = cellReader(parts.value.column);
    this.#result = cellWriter(parts.output.column);
    this.#add = (state, value) => parts.add(state, value);
  }

  fold(
    rows: Int32Array,
    input: Column | undefined,
    source: Int32Array,
    count: number,
    diffs?: Int32Array,
  ): void {
    if (input === undefined)
      throw new DataflowError("DF_BUG", "This is a bug in dataflow: no column to aggregate");
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (input.validity !== undefined && input.validity[from] === 0) continue;
      const diff = diffs === undefined ? 1 : (diffs[from] as number);
      const at = (rows[i] as number) + this.#offset;
      // The state is stored last: a function that throws leaves the row as it was.
      this.#store(at, this.#folded(this.#load(at), this.#value(input, from) as V, diff));
      const { words } = this.#table;
      words[at + COUNT] = (words[at + COUNT] as number) + diff;
    }
  }

  result(rows: Int32Array, count: number, into: ColumnBuilder): void {
    for (let i = 0; i < count; i++) {
      const at = (rows[i] as number) + this.#offset;
      const isEmpty = this.#table.words[at + COUNT] === 0;
      const value = isEmpty ? null : this.#parts.result(this.#codec.decode(this.#load(at)));
      if (value !== null && value !== undefined) this.#result(value, into);
      else if (isEmpty || this.#parts.output.isNullable) into.null();
      else
        throw new DataflowError(
          "DF_VALUE",
          "An aggregate returned no result. Declare its output .nullable().",
        );
    }
  }

  merge(into: Int32Array, from: Int32Array, count: number): void {
    const { join } = this.#parts;
    if (join === undefined) throw new DataflowError("DF_NO_MERGE", "Give this aggregate a .merge().");
    for (let i = 0; i < count; i++) {
      const to = (into[i] as number) + this.#offset;
      const at = (from[i] as number) + this.#offset;
      const a = this.#codec.decode(this.#load(to));
      const b = this.#codec.decode(this.#load(at));
      this.#store(to, this.#codec.encode(join(a, b)));
      const { words } = this.#table;
      words[to + COUNT] = (words[to + COUNT] as number) + (words[at + COUNT] as number);
    }
  }

  #folded(state: Uint8Array, value: V, diff: number): Uint8Array {
    const { take } = this.#parts;
    if (diff < 0 && take === undefined) {
      throw new DataflowError(
        "DF_NO_RETRACT",
        "Rows of this stream can be taken back: give this aggregate a .retract().",
      );
    }
    const step = diff < 0 && take !== undefined ? take : this.#add;
    let bytes = state;
    for (let times = Math.abs(diff); times > 0; times--) {
      bytes = this.#codec.encode(step(this.#codec.decode(bytes), value));
    }
    return bytes;
  }

  #load(at: number): Uint8Array {
    const reference = this.#table.words[at + STATE] as number;
    return reference === 0 ? this.#codec.encode(this.#parts.init()) : this.#table.heap.get(reference);
  }

  #store(at: number, bytes: Uint8Array): void {
    const { heap, words } = this.#table;
    const old = words[at + STATE] as number;
    if (old !== 0) heap.free(old);
    const reference = heap.put(bytes, 0, bytes.length);
    this.#table.words[at + STATE] = reference;
  }
}
