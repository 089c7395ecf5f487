import { t } from "@df/core";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { columnX, FoldedGroups } from "../fold-groups.ts";
import { max, min } from "./min-max.ts";

interface Kind {
  readonly type: Parameters<typeof columnX>[0];
  readonly values: fc.Arbitrary<unknown>;
  readonly order: (a: never, b: never) => number;
}

const natural = (a: number | bigint | string, b: number | bigint | string) => (a < b ? -1 : a > b ? 1 : 0);
const nanLast = (a: number, b: number) => Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || natural(a, b);
const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

const kinds: Readonly<Record<string, Kind>> = {
  int32: { type: t.int32(), values: fc.integer(), order: natural },
  int64: {
    type: t.int64(),
    values: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -9n, max: 9n })),
    order: natural,
  },
  float64: {
    type: t.float64(),
    values: fc.oneof(fc.double(), fc.constantFrom(0, 1, Number.NaN)).map((value) => value + 0),
    order: nanLast,
  },
  decimal: {
    type: t.decimal(18, 2),
    values: fc.integer().map((n) => (n / 4).toFixed(2)),
    order: (a, b) => a - b,
  },
  timestamp: { type: t.timestamp(), values: fc.integer(), order: natural },
  date: {
    type: t.date(),
    values: fc
      .integer({ min: 0, max: 40_000 })
      .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
    order: natural,
  },
  string: { type: t.string(), values: unicodeText(5), order: bytewise },
  bytes: { type: t.bytes(), values: fc.uint8Array({ maxLength: 5 }), order: (a, b) => Buffer.compare(a, b) },
};

for (const [name, kind] of Object.entries(kinds)) {
  test(`min and max of ${name} are the ends of the order, in any order of rows and in parts`, () => {
    const given = fc.record({ value: fc.option(kind.values), group: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(fc.array(given, { maxLength: 12 }), { maxLength: 4 }), (batches) => {
        const least = new FoldedGroups(min("x"), columnX(kind.type));
        const most = new FoldedGroups(max("x"), columnX(kind.type));
        for (const batch of batches) {
          least.fold(batch);
          most.fold(batch);
        }
        least.merge(0, 1);
        most.merge(0, 1);
        const values = batches.flat().flatMap(({ value }) => (value === null ? [] : [value]));
        const order = values.toSorted((a, b) => kind.order(a as never, b as never));
        expect(least.result()).toEqual(order[0] ?? null);
        expect(most.result()).toEqual(order.at(-1) ?? null);
      }),
      { numRuns: 100 },
    );
  });
}

test("−0 is 0, whatever came first", () => {
  for (const list of [[0, -0], [-0, 0], [-0]]) {
    const groups = new FoldedGroups(max("x"), columnX(t.float64()));
    groups.fold(list.map((value) => ({ value })));
    expect(groups.result()).toBe(0);
  }
});

test("empty text is a value, not a missing one", () => {
  const groups = new FoldedGroups(min("x"), columnX(t.string()));
  groups.fold([{ value: "" }, { value: "a" }, { value: null, group: 1 }]);
  expect(groups.results()).toEqual(["", null, null, null]);
});

test("a row cannot be taken back, and bool and json have no order", () => {
  expect(min("x").retractable).toBe(false);
  expect(() => new FoldedGroups(min("x"), columnX(t.int())).fold([{ value: 1, diff: -1 }])).toThrow(
    "DF_RETRACTABLE",
  );
  expect(() => new FoldedGroups(max("x"), columnX(t.string())).fold([{ value: "", diff: -1 }])).toThrow(
    "DF_RETRACTABLE",
  );
  expect(() => min("x").output(columnX(t.bool()), "m")).toThrow(/min\("x"\).*bool.*\[DF_AGGREGATE_TYPE\]/);
  expect(() => max("x").output(columnX(t.json()), "m")).toThrow("DF_AGGREGATE_TYPE");
});
