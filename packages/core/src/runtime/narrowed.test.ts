import { expect, test } from "vitest";
import { batchOf, rowsOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import { pick } from "../schema/schema.ts";
import type { StreamEvent, Target } from "./event.ts";
import { narrowed } from "./narrowed.ts";

const Row = t.row({ a: t.int(), b: t.string(), c: t.int() });
const seen: StreamEvent[] = [];
const target: Target = {
  push: (event) => {
    seen.push(event);
    return "full";
  },
  full: (question) => question === 7,
};

test("rows come with the columns that are wanted, in their order, and all else as it is", () => {
  const few = narrowed(target, Row.schema, pick(Row.schema, ["a", "c"]));
  const batch = batchOf(Row.schema, [{ a: 1, b: "one", c: 2 }], { clocks: [10] });
  expect(few.push({ kind: "batch", batch })).toBe("full");
  expect(few.push({ kind: "barrier", epoch: 3 })).toBe("full");
  const [rows, barrier] = seen;
  expect(barrier).toEqual({ kind: "barrier", epoch: 3 });
  expect(rows?.kind === "batch" && [rowsOf(rows.batch), rows.batch.clocks]).toEqual([
    [{ a: 1, c: 2 }],
    batch.clocks,
  ]);
  expect([few.full(7), few.full(8)]).toEqual([true, false]);
});

test("a target that wants all columns is that target", () => {
  expect(narrowed(target, Row.schema, Row.schema)).toBe(target);
});
