import type { Field } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { checkOperator, logArbitrary, openOperator, rowArbitrary, schemaArbitrary } from "@df/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinWindow } from "./join-window.ts";
import { auction, base, oracleOf, person, SIDES } from "./naive.testing.ts";
import type { JoinType, JoinWindowOptions } from "./options.ts";

const TYPES: readonly JoinType[] = ["inner", "left", "right", "full"];
const sliding = { kind: "sliding", sizeMicros: 12_000, everyMicros: 5000, offsetMicros: 1000 } as const;

/** Mostly in order, so that windows close while rows still come, and some rows are late for some of their windows. */
const order = { order: ({ at, delay }: Readonly<Record<string, unknown>>) => Number(at) + Number(delay) };
const logs = fc.noBias(
  fc.tuple(logArbitrary(person, { ...order, splits: 2 }), logArbitrary(auction, { ...order, splits: 2 })),
);

/** Runs the operator in every way there is; what it throws names the way that failed. */
function check(changes: Partial<JoinWindowOptions>): void {
  const options = { ...base, ...changes };
  checkOperator({ operator: joinWindow(options), inputs: SIDES, logs, oracle: oracleOf(options), runs: 6 });
}

describe("the pairs of each window come once, whatever the batches, shards and crashes", () => {
  test.each(TYPES)("%s, tumbling", (type) => {
    expect(() => check({ type })).not.toThrow();
  });

  test.each(TYPES)("%s, sliding", (type) => {
    expect(() => check({ type, window: sliding })).not.toThrow();
  });

  test.each(TYPES)("%s, with allowed lateness", (type) => {
    expect(() => check({ type, allowedLatenessMicros: 7000 })).not.toThrow();
    expect(() => check({ type, allowedLatenessMicros: 4000, window: sliding })).not.toThrow();
  });
});

test("a join may show columns of one side only, or none at all", () => {
  expect(() => check({ type: "full", right: {} })).not.toThrow();
  expect(() => check({ left: {}, right: {} })).not.toThrow();
});

test("a join on one column pairs all that agree in it", () => {
  expect(() => check({ on: [{ left: "id", right: "seller" }], type: "full" })).not.toThrow();
});

test("values of any type come out as they went in, paired or alone", () => {
  const key: Field = { name: "id", type: { kind: "int32" }, nullable: false, optional: false };
  const at: Field = {
    name: "at",
    type: { kind: "timestamp", json: "iso" },
    nullable: false,
    optional: false,
  };
  const right = { schema: { fields: [key, at] }, time: "at", made: true };
  const cases = schemaArbitrary.chain(({ fields }) => {
    const columns = fields.map((field, index) => ({ ...field, name: `c${index}` }));
    const rows = fc.array(rowArbitrary({ fields: columns }), { minLength: 1, maxLength: 6 });
    return fc.record({ columns: fc.constant(columns), rows });
  });
  fc.assert(
    fc.property(cases, ({ columns, rows }) => {
      const names = columns.map(({ name }) => name);
      const options: JoinWindowOptions = {
        ...base,
        on: [{ left: "id", right: "id" }],
        type: "left",
        left: Object.fromEntries(["id", ...names].map((name) => [name, name])),
        right: { other: "id" },
      };
      const left = { schema: { fields: [key, ...columns, at] }, time: "at", made: true };
      const harness = openOperator(joinWindow(options), [left, right]);
      // A row per key, so that they come out in this order.
      harness.push(rows.map((row, id) => ({ ...row, id, at: 1 })));
      harness.push([{ id: 0, at: 1 }], 1);
      harness.end();
      const values = harness.take().map((row) => ["id", "other", ...names].map((name) => row[name]));
      // State does not tell −0 from 0.
      const kept = (value: unknown): unknown => (Object.is(value, -0) ? 0 : (value ?? null));
      expect(values).toEqual(
        rowsOf(batchOf({ fields: columns }, rows)).map((row, id) => [
          id,
          id === 0 ? 0 : null,
          ...names.map((name) => kept(row[name])),
        ]),
      );
    }),
    { numRuns: 60 },
  );
});
