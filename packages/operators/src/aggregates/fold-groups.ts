/** Folds plain values with one aggregate, for the tests of aggregates. */
import { ColumnBuilder, fieldOf, t, type AggregateSpec, type Schema } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { MemoryStateStore } from "@df/core/state/store";

/** A value, the group it belongs to, and its diff (default 1). */
export interface Given {
  readonly value: unknown;
  readonly group?: number | undefined;
  readonly diff?: number | undefined;
}

/** An aggregate over column "x", in groups 0 to 3 of a table of its own. */
export class FoldedGroups {
  readonly #spec: AggregateSpec;
  readonly #schema: Schema;
  readonly #offsets: Int32Array = new Int32Array(4);
  readonly #aggregate: ReturnType<AggregateSpec["open"]>;

  constructor(spec: AggregateSpec, schema: Schema) {
    this.#spec = spec;
    this.#schema = schema;
    const key = t.row({ group: t.int32() }).schema;
    const value = spec.state(schema, "it");
    const table = new MemoryStateStore().table("groups", {
      key,
      value: [{ name: "before", words: 1 }, ...value],
    });
    const batch = batchOf(
      key,
      [0, 1, 2, 3].map((group) => ({ group })),
    );
    const ids = new Int32Array(4);
    table.insert(
      { batch, columns: [0], rows: Int32Array.of(0, 1, 2, 3), count: 4 },
      0,
      ids,
      new Int32Array(4),
    );
    table.offsets(ids, 4, this.#offsets);
    this.#aggregate = spec.open(schema, table, table.offset(value[0]?.name ?? ""));
  }

  /** Folds the values as one batch. */
  fold(given: readonly Given[]): void {
    if (given.length === 0) return;
    const batch = batchOf(
      this.#schema,
      given.map(({ value }) => ({ x: value })),
    );
    const hasDiffs = given.some(({ diff }) => diff !== undefined);
    this.#aggregate.fold(
      Int32Array.from(given, ({ group }) => this.#offsets[group ?? 0] as number),
      this.#spec.column === undefined ? undefined : batch.columns[0],
      Int32Array.from(given, (_, index) => index),
      given.length,
      ...(hasDiffs ? [Int32Array.from(given, ({ diff }) => diff ?? 1)] : []),
    );
  }

  /** Joins group `from` into group `into`. */
  merge(into: number, from: number): void {
    this.#aggregate.merge?.(
      this.#offsets.subarray(into, into + 1),
      this.#offsets.subarray(from, from + 1),
      1,
    );
  }

  /** The results of all groups, as a lambda would read them. */
  results(): unknown[] {
    return [0, 1, 2, 3].map((group) => this.result(group));
  }

  /** The result of one group. */
  result(group = 0): unknown {
    const field = this.#spec.output(this.#schema, "it");
    const builder = new ColumnBuilder(field.type);
    this.#aggregate.result(this.#offsets.subarray(group, group + 1), 1, builder);
    const schema = { fields: [field] };
    const columns = [builder.lend()];
    const [row] = rowsOf({
      schema,
      length: 1,
      columns,
      change: "append",
      times: new Float64Array(1),
      clocks: 0,
    });
    return row?.["it"];
  }
}

/** A schema with one column, "x", that may be null. */
export function columnX(type: Parameters<typeof t.row>[0][string]): Schema {
  const schema = t.row({ x: type }).schema;
  return { fields: [{ ...fieldOf(schema, "x"), nullable: true }] };
}
