import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import { fieldOf } from "../schema/schema.ts";
import { MemoryStateStore } from "./store.ts";
import type { Chunk, StateTable, TableSpec, ValueColumn } from "./state-store.ts";

const KEY = t.row({ n: t.int32(), s: t.string().nullable() }).schema;
const TEXTS = t.row({ text: t.string(), other: t.string() }).schema;
const COLUMNS: readonly ValueColumn[] = [
  { name: "one", words: 1 },
  { name: "three", words: 3 },
  { name: "text", field: fieldOf(TEXTS, "text") },
  { name: 'oth"er 2 words', field: { ...fieldOf(TEXTS, "other"), name: 'oth"er 2 words' } },
  { name: "last", words: 2 },
];

/** A change of one row: its key, its pane, and whether it is removed. */
interface Step {
  readonly n: number;
  readonly s: string | null;
  readonly pane: number;
  readonly kind: "set" | "remove" | "drop";
  readonly value: number;
  readonly text: string;
}
const step: fc.Arbitrary<Step> = fc.record({
  n: fc.integer({ min: 0, max: 9 }),
  s: fc.constantFrom(null, "", "a", "b".repeat(20)),
  pane: fc.constantFrom(0, 5),
  kind: fc.constantFrom("set", "set", "set", "set", "remove", "drop"),
  value: fc.integer({ min: 1, max: 1000 }),
  text: fc.constantFrom("", "x", "yy".repeat(9), "é"),
});

function isText(column: ValueColumn): boolean {
  return "field" in column;
}

function apply(table: StateTable, columns: readonly ValueColumn[], changed: Step): void {
  const { n, s, pane, kind, value, text } = changed;
  if (kind === "drop") {
    table.drop(pane);
    return;
  }
  const [id, fresh] = [new Int32Array(1), new Int32Array(1)];
  table.insert(
    { batch: batchOf(KEY, [{ n, s }]), columns: [0, 1], rows: new Int32Array(1), count: 1 },
    pane,
    id,
    fresh,
  );
  if (kind === "remove") {
    table.remove(id, 1);
    return;
  }
  const at = new Int32Array(1);
  table.offsets(id, 1, at);
  for (const column of columns) {
    const word = (at[0] as number) + table.offset(column.name);
    if (isText(column)) {
      table.heap.free(table.words[word] as number);
      const bytes = new TextEncoder().encode(`${text}${column.name[0]}`);
      table.words[word] = table.heap.put(bytes, 0, bytes.length);
    } else for (let k = 0; k < ("words" in column ? column.words : 0); k++) table.words[word + k] = value + k;
  }
}

/** Rows of a table as text: pane, key as it is sorted, the columns that are asked for. */
function rowsOf(table: StateTable, columns: readonly ValueColumn[]): string[] {
  return table.panes().flatMap((pane) => {
    const ids = new Int32Array(table.sizeOf(pane));
    table.scan(pane, 0, ids);
    const at = new Int32Array(ids.length);
    table.offsets(ids, ids.length, at);
    return [...at].map((start, row) => {
      const cells = columns.map((column) => {
        const word = start + table.offset(column.name);
        if (!isText(column))
          return [...table.words.subarray(word, word + ("words" in column ? column.words : 0))];
        return new TextDecoder().decode(table.heap.get(table.words[word] as number));
      });
      return JSON.stringify([pane, row, cells]);
    });
  });
}

const spec = (value: readonly ValueColumn[]): TableSpec => ({ key: KEY, value, panes: true });

test("a table that lacks columns that were stored has the rows of before in the columns that are left", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      fc.shuffledSubarray([...COLUMNS], { minLength: 1 }),
      (epochs, left) => {
        const store = new MemoryStateStore({ seed: 1 });
        const table = store.table("groups", spec(COLUMNS));
        const chunks: Chunk[] = [];
        for (const [epoch, steps] of epochs.entries()) {
          for (const each of steps) apply(table, COLUMNS, each);
          chunks.push(...store.gather((group) => group % 4 === epoch));
        }
        const migrating = new MemoryStateStore({ seed: 2, migrates: true });
        migrating.load(chunks, () => true);
        const less = migrating.table("groups", spec(left));
        expect(rowsOf(less, left)).toEqual(rowsOf(table, left));

        // All of it is written again, so a store that does not migrate can read what comes after.
        const after = new MemoryStateStore({ seed: 3 });
        const written = migrating.gather(() => false);
        const groups = new Set(written.filter(({ full }) => full).map(({ keyGroup }) => keyGroup));
        after.load([...chunks.filter(({ keyGroup }) => !groups.has(keyGroup)), ...written], () => true);
        expect(rowsOf(after.table("groups", spec(left)), left)).toEqual(rowsOf(table, left));
      },
    ),
  );
});

test("a column that was not stored, and another key, are refused", () => {
  const store = new MemoryStateStore();
  const table = store.table("groups", spec(COLUMNS.slice(0, 2)));
  apply(table, COLUMNS.slice(0, 2), { n: 1, s: "a", pane: 0, kind: "set", value: 5, text: "" });
  const chunks = store.gather(() => true);
  const open = (value: TableSpec): unknown => {
    const migrating = new MemoryStateStore({ migrates: true });
    migrating.load(chunks, () => true);
    return migrating.table("groups", value);
  };
  expect(() => open(spec(COLUMNS.slice(1, 3)))).toThrow('was stored without value "text" string');
  expect(() => open({ ...spec(COLUMNS.slice(0, 1)), key: t.row({ n: t.int32() }).schema })).toThrow(
    "DF_STATE_CHANGED",
  );
  expect(() => open(spec([{ name: "three", words: 2 }]))).toThrow('was stored without value "three" 2 words');
});
