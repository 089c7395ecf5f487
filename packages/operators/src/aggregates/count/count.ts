import type { Aggregate, AggregateSpec, Field, StateTable } from "@df/core";
import { appendDoubles } from "@df/core/state/word-columns";

/** Counts rows, also those whose values are null. The result is an int64 that lambdas read as a number. */
export function count(): AggregateSpec {
  return {
    name: "count",
    options: {},
    retractable: true,
    mergeable: true,
    output: (_input, name): Field => ({
      name,
      type: { kind: "int64", as: "number" },
      nullable: false,
      optional: false,
    }),
    state: (_input, name) => [{ name: `${name}.rows`, words: 1 }],
    open: (_input, table, offset) => openCount(table, offset),
  };
}

function openCount(table: StateTable, offset: number): Aggregate {
  return {
    fold: (rows, _input, source, count, diffs) =>
      addRows(table.words, offset, { rows, source, count, diffs }),
    result(rows, count, into) {
      appendDoubles(table.words, { places: rows, count, stride: 1, word: offset }, into);
    },
    merge(into, from, count) {
      const { words } = table;
      for (let i = 0; i < count; i++) {
        const at = (into[i] as number) + offset;
        words[at] = (words[at] as number) + (words[(from[i] as number) + offset] as number);
      }
    },
  };
}

interface Folded {
  readonly rows: Int32Array;
  readonly source: Int32Array;
  readonly count: number;
  readonly diffs: Int32Array | undefined;
}

function addRows(words: Float64Array, offset: number, { rows, source, count, diffs }: Folded): void {
  for (let i = 0; i < count; i++) {
    const at = (rows[i] as number) + offset;
    words[at] = (words[at] as number) + (diffs === undefined ? 1 : (diffs[source[i] as number] as number));
  }
}
