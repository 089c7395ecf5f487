import { expect, test } from "vitest";
import { t, type Batch, type Output } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { Cursor } from "./cursor.ts";
import type { Emission } from "./pending.ts";

const Row = t.row({ n: t.int32() });
const [first, second] = [1, 2].map((n) => batchOf(Row.schema, [{ n }])) as [Batch, Batch];

/** Makes two batches, and keeps count of those that were asked for. */
function making(made: Batch[]): Generator<Emission, void> {
  return (function* () {
    for (const batch of [first, second]) {
      made.push(batch);
      yield { batch, port: 1 };
    }
  })();
}

test("after full no more is made than was handed on, and the next call goes on from there", () => {
  const cursor = new Cursor();
  const made: Batch[] = [];
  const seen: unknown[] = [];
  const out: Output = (batch, port) => {
    seen.push([batch, port]);
    return "full";
  };
  expect(cursor.begin(making(made), out)).toBe("more");
  expect(made).toEqual([first]);
  expect(cursor.resume(out)).toBe("more");
  expect(cursor.resume(out)).toBe("done");
  expect(seen).toEqual([
    [first, 1],
    [second, 1],
  ]);
  expect(cursor.resume(out)).toBe("done");
});

test("an output with room takes all at once", () => {
  const made: Batch[] = [];
  expect(new Cursor().begin(making(made), () => "ok")).toBe("done");
  expect(made).toEqual([first, second]);
});
