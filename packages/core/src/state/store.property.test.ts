import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { ColumnBuilder } from "../batch/builder.ts";
import { CanonicalCodec } from "../batch/canonical.ts";
import type { Column } from "../batch/column.ts";
import { schemaOf, t } from "../schema/kit.ts";
import type { Field, Schema } from "../schema/schema.ts";
import { MemoryScratchFile } from "./scratch.ts";
import { StateBudget } from "./state-budget.ts";
import { MemoryStateStore } from "./store.ts";
import type { Chunk, Keys, StateTable, TableSpec } from "./state-store.ts";

type Cell = number | bigint | string | null;

/** Few values a type, so that keys meet again, with those that are easily confused. */
const CELLS: Record<string, readonly Cell[]> = {
  bool: [0, 1],
  int32: [0, -1, 2147483647, -2147483648],
  int64: [
    0n,
    -1n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n),
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 32n,
  ],
  decimal: [0n, 100n, -100n, 999999999999999999n],
  float64: [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -1.5, 1e300],
  string: ["", "a", "a\0", "a\0b", "abcdef", "abcdefg", "é", "😀", "x".repeat(200)],
  bytes: ["", "\0", "\0\0"],
  timestamp: [0, -1, 1_700_000_000_000_000, -9007199254740991],
  date: [0, -719162, 20000],
  json: ["{}", "[]"],
};

const TYPES = {
  bool: t.bool(),
  int32: t.int32(),
  int64: t.int64(),
  decimal: t.decimal(18, 2),
  float64: t.float64(),
  string: t.string(),
  bytes: t.bytes(),
  timestamp: t.timestamp(),
  date: t.date(),
  json: t.json(),
};
const KINDS = Object.keys(TYPES) as (keyof typeof TYPES)[];

const keySchema: fc.Arbitrary<Schema> = fc
  .array(fc.record({ kind: fc.constantFrom(...KINDS), nullable: fc.boolean() }), { maxLength: 4 })
  .map((columns) => {
    const entries = columns.map(({ kind, nullable }, i) => [
      `c${i}`,
      nullable ? TYPES[kind].nullable() : TYPES[kind],
    ]);
    return columns.length === 0 ? { fields: [] } : schemaOf(Object.fromEntries(entries));
  });

function cellOf(field: Field): fc.Arbitrary<Cell> {
  const few = fc.constantFrom(...(CELLS[field.type.kind] ?? []), ...(field.nullable ? [null] : []));
  // So many that not all of their rows stay in memory.
  return field.type.kind === "int32" ? fc.oneof(few, fc.nat({ max: 400 })) : few;
}

function keysOf(schema: Schema, rows: readonly (readonly Cell[])[]): Keys {
  const columns = schema.fields.map((field, i): Column => {
    const builder = new ColumnBuilder(field.type, 4);
    for (const row of rows) {
      const cell = row[i] ?? null;
      if (cell === null) builder.null();
      else if (typeof cell === "string") builder.string(cell);
      else if (typeof cell === "bigint") builder.bigint(cell);
      else builder.number(cell);
    }
    return builder.take();
  });
  const length = rows.length;
  // A column in front that is not part of the key, and the rows backwards.
  const front: Column = { layout: "int", values: new Int32Array(length) };
  const batch: Batch = {
    schema: {
      fields: [
        { name: "front", type: { kind: "int32" }, nullable: false, optional: false },
        ...schema.fields,
      ],
    },
    length,
    columns: [front, ...columns],
    change: "append",
    times: new Float64Array(length),
    clocks: -Infinity,
  };
  const order = Int32Array.from(rows.keys()).reverse();
  return { batch, columns: schema.fields.map((_, i) => i + 1), rows: order, count: length };
}

/** What a row holds besides its key. */
interface Value {
  count: bigint;
  label: string | undefined;
}
/** By pane, then by the canonical bytes of the key in hex. */
type Model = Map<number, Map<string, Value>>;

const VALUE: TableSpec["value"] = [
  { name: "label", field: { name: "label", type: { kind: "string" }, nullable: true, optional: false } },
  { name: "count", words: 2 },
];

/** Rows of a batch at most. */
const ROWS_MAX = 40;

/** With this a row is a span of its own. */
const WIDE: TableSpec["value"][number] = { name: "wide", words: 120 };

/** A table beside its model. */
class Pair {
  readonly #spec: TableSpec;
  readonly #codec: CanonicalCodec;
  readonly #budget: StateBudget | undefined;
  #store: MemoryStateStore;
  #table: StateTable;
  model: Model = new Map();
  log: Chunk[] = [];

  /** `budgetBytes`: what rows may take in memory; undefined for all they need. */
  constructor(spec: TableSpec, budgetBytes?: number) {
    this.#spec = spec;
    this.#codec = new CanonicalCodec(spec.key);
    this.#budget = budgetBytes === undefined ? undefined : budgetOf(budgetBytes);
    this.#store = new MemoryStateStore({ seed: 1, budget: this.#budget });
    this.#table = this.#store.table("x", spec);
  }

  /** Spans of rows that have come back from the scratch file. */
  get spansRead(): number {
    return this.#budget?.use.reads ?? 0;
  }

  /** The end of a call of an operator. */
  settle(): void {
    this.#budget?.settle();
  }

  insert(rows: readonly (readonly Cell[])[], pane: number, value: Value): void {
    const keys = keysOf(this.#spec.key, rows);
    const texts = this.#canonical(keys);
    const ids = new Int32Array(rows.length);
    const fresh = new Int32Array(rows.length);
    const made = this.#table.insert(keys, pane, ids, fresh);
    const within = this.model.get(pane) ?? new Map<string, Value>();
    const wanted: number[] = [];
    for (const [i, text] of texts.entries()) {
      if (!within.has(text)) wanted.push(i);
      within.set(text, { ...value });
    }
    this.model.set(pane, within);
    deepEqual([...fresh.subarray(0, made)], wanted);
    for (const id of ids) write(this.#table, id, value);
  }

  /** Gives a pane rows with the keys of all rows of another one, or of itself. */
  insertAs(from: number, pane: number, value: Value): void {
    const ids = new Int32Array(ROWS_MAX);
    const out = new Int32Array(ROWS_MAX);
    const texts = [...(this.model.get(from)?.keys() ?? [])];
    for (let at = 0; at < texts.length;) {
      const count = this.#table.list(from, at, ids);
      this.#table.insertAs(ids, count, pane, out);
      if (pane === from) deepEqual(out.subarray(0, count), ids.subarray(0, count));
      for (const id of out.subarray(0, count)) write(this.#table, id, value);
      at += count;
    }
    const within = this.model.get(pane) ?? new Map<string, Value>();
    for (const text of texts) within.set(text, { ...value });
    this.model.set(pane, within);
  }

  remove(rows: readonly (readonly Cell[])[], pane: number): void {
    const keys = keysOf(this.#spec.key, rows);
    const texts = this.#canonical(keys);
    const ids = new Int32Array(rows.length);
    this.#table.find(keys, pane, ids);
    const within = this.model.get(pane);
    deepEqual(
      [...ids].map((id) => id >= 0),
      texts.map((text) => within?.has(text) ?? false),
    );
    const live = Int32Array.from(new Set([...ids].filter((id) => id >= 0)));
    this.#table.remove(live, live.length);
    for (const text of texts) within?.delete(text);
  }

  drop(pane: number): void {
    equal(this.#table.drop(pane), this.model.get(pane)?.size ?? 0);
    this.model.delete(pane);
  }

  gather(full: number, prune: boolean): void {
    for (const chunk of this.#store.gather((group) => group % 8 === full)) {
      if (prune && chunk.full) {
        this.log = this.log.filter(({ keyGroup }) => keyGroup !== chunk.keyGroup);
      }
      this.log.push(chunk);
    }
  }

  restart(openFirst: boolean): void {
    this.#store = new MemoryStateStore({ seed: 2, budget: this.#budget });
    if (openFirst) this.#table = this.#store.table("x", this.#spec);
    this.#store.load(this.log, () => true);
    if (!openFirst) this.#table = this.#store.table("x", this.#spec);
  }

  get size(): number {
    return [...this.model.values()].reduce((sum, rows) => sum + rows.size, 0);
  }

  /** Every row of the table in canonical order is every row of the model in the order of its bytes. */
  check(): void {
    const filled = [...this.model].filter(([, rows]) => rows.size > 0).sort(([a], [b]) => a - b);
    deepEqual(
      this.#table.panes(),
      filled.map(([pane]) => pane),
    );
    for (const [pane, rows] of filled) {
      const wanted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, value]) => ({ text, value }));
      const got = this.#rows(this.#table, pane);
      deepEqual(
        got.map(({ text, value }) => ({ text, value })),
        wanted,
      );
    }
    equal(this.#table.size, this.size);
  }

  /** Loads two shards with half of the key groups each, which together hold the rows of one; returns how many. */
  rescale(): number {
    let total = 0;
    for (const shard of [0, 1]) {
      const store = new MemoryStateStore({ seed: 3 });
      store.load(this.log, (group) => group % 2 === shard);
      const table = store.table("x", this.#spec);
      for (const pane of table.panes()) {
        for (const { text, value, keyGroup } of this.#rows(table, pane)) {
          deepEqual(value, this.model.get(pane)?.get(text));
          equal(keyGroup % 2, shard);
        }
      }
      total += table.size;
    }
    return total;
  }

  #rows(table: StateTable, pane: number): { text: string; value: Value; keyGroup: number }[] {
    const ids = new Int32Array(table.sizeOf(pane) + 1);
    const count = table.scan(pane, 0, ids);
    equal(count, ids.length - 1);
    const builders = this.#spec.key.fields.map((field) => new ColumnBuilder(field.type));
    table.copyKeys(ids, count, builders);
    const columns = builders.map((builder) => builder.take());
    const batch = { ...keysOf(this.#spec.key, []).batch, schema: this.#spec.key, columns, length: count };
    return Array.from(ids.subarray(0, count), (id, row) => ({
      text: hex(this.#codec.encode(batch, row)),
      value: read(table, id),
      keyGroup: this.#codec.keyGroup(batch, row),
    }));
  }

  #canonical({ batch, columns, rows }: Keys): string[] {
    const codec = new CanonicalCodec(batch.schema, columns);
    return [...rows].map((row) => hex(codec.encode(batch, row)));
  }
}

function budgetOf(limitBytes: number): StateBudget {
  return new StateBudget({
    limitBytes,
    // The index of few rows takes more than they do.
    indexBytesMax: 2 ** 30,
    scratch: () => new MemoryScratchFile(),
    batchRows: ROWS_MAX,
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function write(table: StateTable, id: number, { count, label }: Value): void {
  const at = new Int32Array(1);
  table.offsets(Int32Array.of(id), 1, at);
  const start = at[0] as number;
  table.longs[start + table.offset("count") + 1] = count;
  const word = start + table.offset("label");
  table.heap.free(table.words[word] as number);
  const text = new TextEncoder().encode(label ?? "");
  table.words[word] = label === undefined ? 0 : table.heap.put(text, 0, text.length);
}

function read(table: StateTable, id: number): Value {
  const at = new Int32Array(1);
  table.offsets(Int32Array.of(id), 1, at);
  const start = at[0] as number;
  const reference = table.words[start + table.offset("label")] as number;
  return {
    count: table.longs[start + table.offset("count") + 1] as bigint,
    label: reference === 0 ? undefined : new TextDecoder().decode(table.heap.get(reference)),
  };
}

const value = fc.record({
  count: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  label: fc.constantFrom(undefined, "", "short", "y".repeat(300)),
});

function steps(schema: Schema, panes: boolean): fc.Arbitrary<((pair: Pair) => void)[]> {
  const rows = fc.array(fc.tuple(...schema.fields.map(cellOf)), {
    minLength: 1,
    maxLength: ROWS_MAX,
    size: "max",
  });
  const pane = panes ? fc.constantFrom(-5, 0, 60) : fc.constant(0);
  return fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(rows, pane, value).map((args) => (pair: Pair) => pair.insert(...args)),
      },
      { weight: 2, arbitrary: fc.tuple(rows, pane).map((args) => (pair: Pair) => pair.remove(...args)) },
      {
        weight: 2,
        arbitrary: fc.tuple(pane, pane, value).map((args) => (pair: Pair) => pair.insertAs(...args)),
      },
      { weight: 1, arbitrary: pane.map((id) => (pair: Pair) => pair.drop(id)) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.nat({ max: 9 }), fc.boolean())
          .map((args) => (pair: Pair) => pair.gather(...args)),
      },
      { weight: 1, arbitrary: fc.constant((pair: Pair) => pair.check()) },
      {
        weight: 1,
        arbitrary: fc.boolean().map((openFirst) => (pair: Pair) => {
          pair.gather(9, true);
          pair.restart(openFirst);
          pair.check();
        }),
      },
    ),
    { maxLength: 25, size: "max" },
  );
}

describe("state table against a Map", () => {
  it("holds the same rows through inserts, removals, drops, checkpoints, restarts and a change of shards", () => {
    const runs = fc.tuple(keySchema, fc.boolean()).chain(([key, panes]) => {
      return fc.record({
        spec: fc.constantFrom({ key, panes, value: VALUE }, { key, panes, value: [...VALUE, WIDE] }),
        budget: fc.option(fc.constantFrom(0, 4096, 65536), { nil: undefined }),
        steps: steps(key, panes),
      });
    });
    let spans = 0;
    fc.assert(
      fc.property(runs, (run) => {
        const pair = new Pair(run.spec, run.budget);
        for (const step of run.steps) {
          step(pair);
          pair.settle();
        }
        spans += pair.spansRead;
        pair.check();
        pair.gather(3, true);
        pair.restart(false);
        pair.check();
        expect(pair.rescale()).toBe(pair.size);
      }),
      { numRuns: 250 },
    );
    expect(spans).toBeGreaterThan(1000);
  });
});
