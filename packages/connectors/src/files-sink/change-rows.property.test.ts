import type { ChangeMode, Shape } from "@df/core";
import { rowsOf } from "@df/core/batch/rows";
import { batchArbitrary, schemaArbitrary } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { changeRows, changeSchema } from "./change-rows.ts";

/** Streams with updates, of up to thrice the same row at once, and the key of their first column. */
const streams = fc
  .tuple(schemaArbitrary, fc.constantFrom<ChangeMode>("upsert", "retract"))
  .chain(([schema, change]) =>
    fc.tuple(
      fc.constant<Shape>({ schema, change, key: [schema.fields[0]?.name ?? ""], timed: false }),
      batchArbitrary(schema, { change }),
      fc.array(fc.constantFrom(1, 1, 2, 3), { minLength: 20, maxLength: 20 }),
    ),
  );

test("every change is a row behind its op, as often as it is made; a delete of an upsert stream has its key only", () => {
  fc.assert(
    fc.property(streams, ([shape, batch, times]) => {
      const key = shape.key[0] ?? "";
      const repeats = (row: number): number => (shape.change === "retract" ? (times[row] ?? 1) : 1);
      const diffs = batch.diffs?.map((diff, row) => diff * repeats(row));
      const expected = rowsOf(batch).flatMap((row, i) => {
        const op = (diffs?.[i] ?? 1) > 0 ? "+" : "-";
        const isDelete = shape.change === "upsert" && op === "-";
        const cells = Object.entries(row).map(([name, value]): [string, unknown] => [
          name,
          isDelete && name !== key ? null : value,
        ]);
        return Array.from({ length: repeats(i) }, () => new Map([["op", op], ...cells]));
      });
      const made = [...changeRows(shape)({ ...batch, diffs })];
      expect(made.map(({ schema }) => schema)).toEqual(made.map(() => changeSchema(shape)));
      const found = made.flatMap(rowsOf).map((row) => new Map(Object.entries(row)));
      expect(found).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test("a row that is taken back more often than a batch has rows makes several batches", () => {
  fc.assert(
    fc.property(streams, ([{ schema }, batch]) => {
      const shape: Shape = { schema, change: "retract", key: [], timed: false };
      const one = {
        ...batch,
        diffs: Int32Array.from({ length: batch.length }, (_, i) => (i === 0 ? -10_000 : 1)),
      };
      const lengths = [...changeRows(shape)(one)].map(({ length }) => length);
      expect(lengths).toEqual([4096, 4096, 10_000 - 8192 + batch.length - 1]);
    }),
    { numRuns: 5 },
  );
});

test("rows of a stream that appends are left as they are", () => {
  fc.assert(
    fc.property(
      schemaArbitrary.chain((schema) => fc.tuple(fc.constant(schema), batchArbitrary(schema))),
      ([schema, batch]) => {
        const shape: Shape = { schema, change: "append", key: [], timed: false };
        expect(changeSchema(shape)).toBe(schema);
        expect([...changeRows(shape)(batch)]).toEqual([batch]);
      },
    ),
    { numRuns: 10 },
  );
});
