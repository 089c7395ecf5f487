import fc from "fast-check";
import { expect, test } from "vitest";
import { t, type OperatorSpec, type Schema } from "@df/core";
import { openOperator, type OperatorHarness, type PlainRow, type TestInput } from "@df/testing";
import { count } from "../aggregates/count/count.ts";
import { max } from "../aggregates/min-max/min-max.ts";
import { sum } from "../aggregates/sum/sum.ts";
import { changelog } from "../changelog/changelog.ts";
import { dedupe } from "../dedupe/dedupe.ts";
import { joinWindow } from "../join-window/join-window.ts";
import { latest } from "../latest/latest.ts";
import { session } from "../session/session.ts";

/** Milliseconds between two rows at least: no two have one time. */
const STEP = 10;
const MICROS = 1000;

/** Columns that a version may have beside `key` and `at`. */
const MORE = {
  amount: t.int(),
  price: t.decimal(6, 2),
  note: t.string().nullable(),
  name: t.string(),
  flag: t.bool().nullable(),
  share: t.float64(),
  raw: t.bytes().nullable(),
} as const;
type More = keyof typeof MORE;
/** Columns of now, where they are others: wider, or new. */
const NOW = { ...MORE, amount: t.int64(), price: t.decimal(9, 2).nullable(), added: t.int().nullable() };

/** The columns of two versions, and what happens before and after the change. */
interface Case {
  readonly was: readonly More[];
  readonly is: readonly (keyof typeof NOW)[];
  readonly keyFirst: boolean;
  readonly rows: readonly PlainRow[];
  /** Rows before the change, and how many of them come between two checkpoints. */
  readonly before: number;
  readonly every: number;
  readonly spills: boolean;
}

const value = fc.record({
  key: fc.constantFrom("a", "b", "c", ""),
  jump: fc.integer({ min: 1, max: 8 }),
  behind: fc.integer({ min: 0, max: 5 }),
  amount: fc.integer({ min: -5, max: 5 }),
  price: fc.constantFrom("1.25", "-3.00", "0.00"),
  note: fc.constantFrom(null, "", "n", "né\0\0x"),
  name: fc.constantFrom("", "x", "y\0", "long ".repeat(5)),
  flag: fc.constantFrom(null, true, false),
  share: fc.constantFrom(0, -0.5, Number.NaN, 1e300),
  raw: fc.constantFrom(null, new Uint8Array(), Uint8Array.of(0, 0, 255)),
  added: fc.constantFrom(null, 7),
});
const names = Object.keys(MORE) as More[];
const changed: fc.Arbitrary<Case> = fc
  .record({
    was: fc.shuffledSubarray(names),
    kept: fc.shuffledSubarray(names),
    isAdded: fc.boolean(),
    keyFirst: fc.boolean(),
    values: fc.array(value, { minLength: 2, maxLength: 40 }),
    before: fc.nat(40),
    every: fc.integer({ min: 1, max: 20 }),
    spills: fc.boolean(),
  })
  .map(({ was, kept, isAdded, values, before, ...rest }) => {
    const common = kept.filter((name) => was.includes(name));
    const is = isAdded ? (["added", ...common] as const) : common;
    let at = 1000;
    const rows = values.map(({ jump, behind, ...row }, index) => {
      at += jump * STEP;
      return { ...row, at: at - behind * STEP + (index % STEP) / 100, id: index };
    });
    return { ...rest, was, is, rows, before: Math.min(before, rows.length - 1) };
  });

function schemaOf(kinds: typeof NOW | typeof MORE, columns: readonly string[], keyFirst: boolean): Schema {
  const own = { at: t.timestamp(), key: t.string() };
  const more = Object.fromEntries(columns.map((name) => [name, kinds[name as keyof typeof kinds]]));
  return t.row(keyFirst ? { key: own.key, at: own.at, ...more } : { ...more, ...own }).schema;
}

function columnsOf(row: PlainRow, { fields }: Schema): PlainRow {
  return Object.fromEntries(fields.map(({ name }) => [name, row[name] ?? null]));
}

/** A step in two versions, which may show columns of rows. */
interface Step {
  readonly spec: (schema: Schema) => OperatorSpec;
  readonly input: (schema: Schema) => TestInput;
  /** Inputs that take rows, in turn. */
  readonly ports: number;
}

/** An aggregate for each column, called as it is. */
function sessionsOf({ fields }: Schema, changing: boolean): OperatorSpec {
  const aggregates = fields.flatMap(({ name, type }) => {
    if (name === "key" || name === "at" || name === "added") return [];
    if (type.kind === "int32" || type.kind === "int64") return [{ name, spec: sum(name) }];
    return [{ name, spec: type.kind === "string" ? max(name) : count() }];
  });
  const lateness = changing
    ? ({ allowedLatenessMicros: 30 * MICROS, emit: "onUpdate" } as const)
    : ({ allowedLatenessMicros: 0, emit: "final" } as const);
  return session({ by: ["key"], gapMicros: 40 * MICROS, aggregates, ...lateness });
}

const timed = (schema: Schema): TestInput => ({ schema, time: "at", made: true });
const STEPS: Readonly<Record<string, Step>> = {
  "the latest rows of groups": {
    spec: () => latest({ group: ["key"], by: ["at"] }),
    input: timed,
    ports: 1,
  },
  changelogs: {
    spec: () => changelog({ key: ["key"] }),
    input: (schema) => ({ schema, change: "upsert", key: ["key"], time: "at", made: true }),
    ports: 1,
  },
  "first rows": {
    spec: () =>
      dedupe({ by: ["key"], withinMicros: 60 * MICROS, keep: "first", allowedLatenessMicros: 70 * MICROS }),
    input: timed,
    ports: 1,
  },
  "joins of windows": {
    spec: ({ fields }) => {
      const columns = fields.map(({ name }) => name).filter((name) => name !== "key");
      return joinWindow({
        on: [{ left: "key", right: "key" }],
        window: { kind: "tumbling", sizeMicros: 100 * MICROS, offsetMicros: 0 },
        type: "left",
        left: { key: "key", ...Object.fromEntries(columns.map((name) => [name, name])) },
        right: Object.fromEntries(columns.map((name) => [`other_${name}`, name])),
        allowedLatenessMicros: 70 * MICROS,
      });
    },
    input: timed,
    ports: 2,
  },
  "sessions that are given once": { spec: (schema) => sessionsOf(schema, false), input: timed, ports: 1 },
  "sessions that change": { spec: (schema) => sessionsOf(schema, true), input: timed, ports: 1 },
};

/** Gives rows one after the other; the clock is behind all that may still come. */
function drive(
  harness: OperatorHarness,
  { rows, schema, ports }: { rows: readonly PlainRow[]; schema: Schema; ports: number },
): void {
  for (const row of rows) {
    harness.push([columnsOf(row, schema)], (row["id"] as number) % ports);
    harness.clock(((row["at"] as number) - 6 * STEP - 1) * MICROS);
  }
}

/** What all output comes to: rows that stand, with how often they do. */
function standing(harness: OperatorHarness): Record<string, number> {
  const [shape] = harness.outputs;
  const columns = shape?.schema.fields.map(({ name }) => name) ?? [];
  const lineOf = (row: PlainRow): string => JSON.stringify(columns.map((name) => textOf(row[name])));
  const lines = new Map<string, number>();
  const byKey = new Map<string, string>();
  for (const { row, diff } of harness.output()) {
    const line = lineOf(row);
    if (shape?.change === "upsert") byKey.set(JSON.stringify(shape.key.map((name) => row[name])), line);
    else lines.set(line, (lines.get(line) ?? 0) + diff);
  }
  for (const line of byKey.values()) lines.set(line, 1);
  return Object.fromEntries([...lines].filter(([, times]) => times !== 0));
}

function textOf(cell: unknown): string {
  if (cell instanceof Uint8Array) return `bytes ${cell.join()}`;
  return typeof cell === "string"
    ? JSON.stringify(cell)
    : `${(cell ?? null) as number | bigint | boolean | null}`;
}

test.each(Object.entries(STEPS))(
  "%s go on with columns less, more, wider and in another order, as if they had always been so",
  (_name, { spec, input, ports }) => {
    fc.assert(
      fc.property(changed, ({ was, is, keyFirst, rows, before, every, spills }) => {
        const [old, now] = [schemaOf(MORE, was, true), schemaOf(NOW, is, keyFirst)];
        const inputs = (schema: Schema): TestInput[] => Array.from({ length: ports }, () => input(schema));
        const stored = openOperator(spec(old), inputs(old), { spills, outputAheadOfClock: false });
        for (let from = 0; from < before; from += every) {
          drive(stored, { rows: rows.slice(from, Math.min(from + every, before)), schema: old, ports });
          stored.snapshot();
        }
        const harness = stored.migrated(spec(now), inputs(now));
        harness.snapshot();
        const restored = harness.restored();
        drive(restored, { rows: rows.slice(before), schema: now, ports });
        restored.flush();
        restored.end();

        const straight = openOperator(spec(now), inputs(now), { outputAheadOfClock: false });
        const known = rows.map((row, index) => (index < before ? columnsOf(columnsOf(row, old), now) : row));
        drive(straight, { rows: known.map((row, id) => ({ ...row, id })), schema: now, ports });
        straight.flush();
        straight.end();
        expect(standing(restored)).toEqual(standing(straight));
      }),
      { numRuns: 15 },
    );
  },
);

test("rows that are kept are the same where a lambda reads their columns otherwise", () => {
  const read = (json: "ms" | "iso"): TestInput[] => {
    const { schema } = t.row({ id: t.string(), n: t.timestamp({ json }) });
    return [{ schema, change: "upsert", key: ["id"] }];
  };
  const spec = changelog({ key: ["id"] });
  const stored = openOperator(spec, read("iso"));
  stored.push([{ id: "a", n: 1 }]);
  stored.snapshot();
  const harness = stored.restored(read("ms"));
  harness.take();
  harness.push([{ id: "a", n: 2 }]);
  expect(harness.output().map(({ row, diff }) => [diff, row["n"]])).toEqual([
    [-1, 1],
    [1, 2],
  ]);
});
