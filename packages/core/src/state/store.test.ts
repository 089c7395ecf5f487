import { describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { ColumnBuilder } from "../batch/builder.ts";
import type { Column } from "../batch/column.ts";
import { t, schemaOf } from "../schema/kit.ts";
import { MemoryStateStore } from "./store.ts";
import type { Chunk, StateTable, TableSpec } from "./state-store.ts";

const SPEC: TableSpec = {
  key: schemaOf({ id: t.int64(), name: t.string().nullable() }),
  value: [
    { name: "count", words: 1 },
    { name: "label", field: { name: "label", type: { kind: "string" }, nullable: true, optional: false } },
  ],
};

type Key = readonly [bigint, string | null];

function batchOfKeys(keys: readonly Key[]): Batch {
  const id = new ColumnBuilder({ kind: "int64", as: "bigint" });
  const name = new ColumnBuilder({ kind: "string" });
  for (const [value, text] of keys) {
    id.bigint(value);
    if (text === null) name.null();
    else name.string(text);
  }
  return {
    schema: SPEC.key,
    length: keys.length,
    columns: [id.take(), name.take()],
    change: "append",
    times: new Float64Array(keys.length),
    clocks: -Infinity,
  };
}

function keysOf(keys: readonly Key[]): Parameters<StateTable["insert"]>[0] {
  return {
    batch: batchOfKeys(keys),
    columns: [0, 1],
    rows: Int32Array.from(keys.keys()),
    count: keys.length,
  };
}

function insert(table: StateTable, keys: readonly Key[], pane = 0): { ids: Int32Array; fresh: number[] } {
  const ids = new Int32Array(keys.length);
  const fresh = new Int32Array(keys.length);
  const made = table.insert(keysOf(keys), pane, ids, fresh);
  return { ids, fresh: [...fresh.subarray(0, made)] };
}

function find(table: StateTable, keys: readonly Key[], pane = 0): number[] {
  const ids = new Int32Array(keys.length);
  table.find(keysOf(keys), pane, ids);
  return [...ids];
}

function scanned(table: StateTable, pane = 0): Key[] {
  const ids = new Int32Array(table.sizeOf(pane));
  const count = table.scan(pane, 0, ids);
  const builders = SPEC.key.fields.map((field) => new ColumnBuilder(field.type));
  table.copyKeys(ids, count, builders);
  const [id, name] = builders.map((builder) => builder.take());
  return Array.from({ length: count }, (_, row): Key => [BigInt(numberAt(id, row)), textAt(name, row)]);
}

function numberAt(column: Column | undefined, row: number): number | bigint {
  return column?.layout === "long" ? (column.values[row] as number | bigint) : Number.NaN;
}

function textAt(column: Column | undefined, row: number): string | null {
  if (column?.layout !== "text" || column.validity?.[row] === 0) return null;
  return new TextDecoder().decode(column.bytes.subarray(column.starts[row], column.ends[row]));
}

const never = (): boolean => false;
const always = (): boolean => true;

/** Word of a value column in a row. */
function wordOf(table: StateTable, id: number | undefined, column: string): number {
  const at = new Int32Array(1);
  table.offsets(Int32Array.of(id ?? -1), 1, at);
  return (at[0] as number) + table.offset(column);
}

function setCount(table: StateTable, id: number, value: bigint): void {
  table.longs[wordOf(table, id, "count")] = value;
}

function getCount(table: StateTable, id: number): bigint {
  return table.longs[wordOf(table, id, "count")] as bigint;
}

describe("state table", () => {
  it("gives equal keys one id and reports each new row once", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    const { ids, fresh } = insert(table, [
      [1n, "a"],
      [2n, null],
      [1n, "a"],
      [1n, null],
      [2n, null],
      [1n, ""],
    ]);
    expect(fresh).toEqual([0, 1, 3, 5]);
    expect([ids[2], ids[4]]).toEqual([ids[0], ids[1]]);
    expect(new Set(ids).size).toBe(4);
    expect(table.size).toBe(4);
    expect(insert(table, [[1n, "a"]])).toEqual({ ids: ids.slice(0, 1), fresh: [] });
  });

  it("finds what is there and answers −1 for what is not", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    const { ids } = insert(table, [[1n, "a"]]);
    expect(
      find(table, [
        [1n, "b"],
        [1n, "a"],
        [1n, null],
      ]),
    ).toEqual([-1, ids[0], -1]);
    expect(find(table, [[1n, "a"]], 7)).toEqual([-1]);
    expect(table.size).toBe(1);
  });

  it("tells int64 keys beyond 2^53 apart", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    const keys: Key[] = [
      [2n ** 53n, ""],
      [2n ** 53n + 1n, ""],
      [-(2n ** 63n), ""],
      [2n ** 63n - 1n, ""],
      [-1n, ""],
    ];
    insert(table, keys);
    expect(table.size).toBe(5);
    // The same value in a batch whose column is narrow.
    expect(find(table, [[-1n, ""]])[0]).toBeGreaterThanOrEqual(0);
    expect(scanned(table).map(([id]) => id)).toEqual([
      -(2n ** 63n),
      -1n,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 63n - 1n,
    ]);
  });

  it("scans in canonical order from any position, and sees later rows", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    insert(table, [
      [2n, "b"],
      [1n, "b"],
      [1n, null],
      [1n, "a\0"],
      [1n, "a"],
    ]);
    const sorted: Key[] = [
      [1n, null],
      [1n, "a"],
      [1n, "a\0"],
      [1n, "b"],
      [2n, "b"],
    ];
    expect(scanned(table)).toEqual(sorted);
    expect(table.scan(0, 4, new Int32Array(3))).toBe(1);
    expect(table.scan(0, 9, new Int32Array(3))).toBe(0);
    const { ids } = insert(table, [[0n, "z"]]);
    expect(scanned(table)).toEqual([[0n, "z"], ...sorted]);
    table.remove(ids, 1);
    expect(scanned(table)).toEqual(sorted);
  });

  it("zeroes the row of a key that was removed and comes again", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    const { ids } = insert(table, [[1n, "a"]]);
    setCount(table, ids[0] as number, 5n);
    table.remove(ids, 1);
    expect(table.size).toBe(0);
    expect(find(table, [[1n, "a"]])).toEqual([-1]);
    const again = insert(table, [[1n, "a"]]);
    expect(getCount(table, again.ids[0] as number)).toBe(0n);
  });

  it("takes all nulls for one, whatever lies under them", () => {
    const table = new MemoryStateStore().table("x", {
      key: schemaOf({ a: t.int32().nullable(), b: t.float64().nullable(), c: t.string().nullable() }),
      value: [],
    });
    const validity = Uint8Array.of(0, 0, 1);
    const bytes = new TextEncoder().encode("abc");
    const columns: Column[] = [
      { layout: "int", values: Int32Array.of(1, 2, 0), validity },
      { layout: "double", values: Float64Array.of(1, Number.NaN, 0), validity },
      { layout: "text", starts: Int32Array.of(0, 1, 0), ends: Int32Array.of(1, 3, 0), bytes, validity },
    ];
    const batch = { ...batchOfKeys([]), length: 3, columns };
    const ids = new Int32Array(3);
    const keys = { batch, columns: [0, 1, 2], rows: Int32Array.of(0, 1, 2), count: 3 };
    expect(table.insert(keys, 0, ids, new Int32Array(3))).toBe(2);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it("hands out −2^53 as a bigint, since it is no safe integer", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    for (const [id, isWide] of [
      [-(2n ** 53n), true],
      [-(2n ** 53n) + 1n, false],
      [2n ** 53n, true],
    ] as const) {
      const { ids } = insert(table, [[id, ""]]);
      const into = SPEC.key.fields.map((field) => new ColumnBuilder(field.type));
      table.copyKeys(ids, 1, into);
      const column = into[0]?.take();
      expect(column?.layout === "long" && column.values instanceof BigInt64Array).toBe(isWide);
      expect(numberAt(column, 0)).toEqual(isWide ? id : Number(id));
    }
  });

  it("frees the texts of keys and values with their rows and panes", () => {
    const table = new MemoryStateStore().table("x", { ...SPEC, panes: true });
    const text = new Uint8Array(100);
    const references: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { ids } = insert(table, [[1n, "k".repeat(text.length)]], round);
      const reference = table.heap.put(text, 0, text.length);
      table.words[wordOf(table, ids[0], "label")] = reference;
      references.push(reference);
      if (round % 2 === 0) table.remove(ids, 1);
      else table.drop(round);
    }
    // Key and value are of one size: the two blocks change places from round to round, and no third one is taken.
    expect(new Set(references).size).toBe(2);
  });

  it("refuses to remove a row twice", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    const { ids } = insert(table, [[1n, "a"]]);
    table.remove(ids, 1);
    expect(() => table.remove(ids, 1)).toThrow(/row 0 of state table "x" does not exist/);
  });

  it("keeps panes apart and drops one whole", () => {
    const table = new MemoryStateStore().table("x", { ...SPEC, panes: true });
    insert(
      table,
      [
        [1n, "a"],
        [2n, "a"],
      ],
      20,
    );
    insert(table, [[1n, "a"]], 10);
    expect([table.panes(), table.sizeOf(20), table.size]).toEqual([[10, 20], 2, 3]);
    expect(table.drop(20)).toBe(2);
    expect([table.panes(), table.drop(20), table.size]).toEqual([[10], 0, 1]);
    expect(find(table, [[1n, "a"]], 20)).toEqual([-1]);
  });

  it("names the value columns when asked for one that is not there", () => {
    const table = new MemoryStateStore().table("x", SPEC);
    expect(() => table.offset("total")).toThrow(/no value column "total".*count, label.*DF_NO_COLUMN/);
  });

  it("says DF_STATE_FULL at its limit", () => {
    const table = new MemoryStateStore({ memoryBytesMax: 100_000 }).table("x", SPEC);
    const keys = Array.from({ length: 4096 }, (_, i): Key => [BigInt(i), "a"]);
    expect(() => insert(table, keys)).toThrow(
      /state table "x" need \d+ bytes; the limit is 100000.*DF_STATE_FULL/,
    );
  });
});

describe("checkpoint of a state store", () => {
  function stored(): { chunks: Chunk[]; table: StateTable; store: MemoryStateStore } {
    const store = new MemoryStateStore();
    const table = store.table("x", SPEC);
    const { ids } = insert(table, [
      [1n, "a"],
      [2n, null],
    ]);
    setCount(table, ids[0] as number, -1n);
    const text = new TextEncoder().encode("label");
    table.words[wordOf(table, ids[1], "label")] = table.heap.put(text, 0, text.length);
    return { chunks: store.gather(never), table, store };
  }

  it("restores rows, raw words bit by bit, and text values", () => {
    const store = new MemoryStateStore();
    store.load(stored().chunks, always);
    const table = store.table("x", SPEC);
    const [one, two] = find(table, [
      [1n, "a"],
      [2n, null],
    ]);
    expect(getCount(table, one as number)).toBe(-1n);
    expect(table.words[wordOf(table, one, "label")]).toBe(0);
    const reference = table.words[wordOf(table, two, "label")] as number;
    expect(new TextDecoder().decode(table.heap.get(reference))).toBe("label");
    expect(store.gather(never)).toEqual([]);
  });

  it("writes nothing when nothing was touched, and what was touched once it is", () => {
    const { store, table } = stored();
    expect(store.gather(never)).toEqual([]);
    table.touch(Int32Array.from(find(table, [[1n, "a"]])), 1);
    expect(store.gather(never)).toHaveLength(1);
  });

  it("refuses to open a table whose columns have changed, naming the difference", () => {
    const store = new MemoryStateStore();
    store.load(stored().chunks, always);
    const value = [{ name: "count", words: 2 }];
    expect(() => store.table("x", { ...SPEC, value })).toThrow(
      /State table "x" was stored with value "count" 1 words.*opens it with value "count" 2 words.*DF_STATE_CHANGED/,
    );
  });

  it("notices a flipped bit anywhere in a chunk", () => {
    const chunk = stored().chunks[0] as Chunk;
    for (let at = 0; at < chunk.bytes.length; at++) {
      const bytes = chunk.bytes.slice();
      bytes[at] = (bytes[at] as number) ^ 4;
      expect(() => new MemoryStateStore().load([{ ...chunk, bytes }], always)).toThrow(
        /state table "x".*DF_CORRUPT/,
      );
    }
  });

  it("reads chunks that begin anywhere in a buffer", () => {
    const chunks = stored().chunks.map((chunk) => {
      const shifted = new Uint8Array(chunk.bytes.length + 3);
      shifted.set(chunk.bytes, 3);
      return { ...chunk, bytes: shifted.subarray(3) };
    });
    const store = new MemoryStateStore();
    store.load(chunks, always);
    expect(store.table("x", SPEC).size).toBe(2);
  });

  it("forgets a dropped pane, also when the pane is there again", () => {
    const store = new MemoryStateStore();
    const table = store.table("x", { ...SPEC, panes: true });
    insert(
      table,
      [
        [1n, "a"],
        [2n, "a"],
      ],
      10,
    );
    insert(
      table,
      [
        [1n, "a"],
        [2n, "a"],
      ],
      20,
    );
    const chunks = store.gather(never);
    table.drop(10);
    insert(table, [[2n, "a"]], 10);
    chunks.push(...store.gather(never));
    const restored = new MemoryStateStore();
    restored.load(chunks, always);
    const again = restored.table("x", { ...SPEC, panes: true });
    expect([again.sizeOf(10), again.sizeOf(20)]).toEqual([1, 2]);
    expect(
      find(
        again,
        [
          [1n, "a"],
          [2n, "a"],
        ],
        10,
      )[0],
    ).toBe(-1);
  });
});
