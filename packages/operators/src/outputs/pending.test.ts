import { expect, test } from "vitest";
import { t, type Batch, type Output } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { Pending } from "./pending.ts";

const Row = t.row({ n: t.int32() });
const [first, second, third] = [1, 2, 3].map((n) => batchOf(Row.schema, [{ n }])) as [Batch, Batch, Batch];

/** What is handed on, to an output that gives this answer. */
function taken(pending: Pending, answer: ReturnType<Output>): readonly [unknown[], string] {
  const seen: unknown[] = [];
  const progress = pending.push((batch, port) => {
    seen.push([batch, port]);
    return answer;
  });
  return [seen, progress];
}

test("after full the rest waits for the next call, in its order and for its ports", () => {
  const pending = new Pending();
  pending.add([first, second]);
  pending.add([third], 1);
  expect(taken(pending, "full")).toEqual([[[first, 0]], "more"]);
  expect(taken(pending, "ok")).toEqual([
    [
      [second, 0],
      [third, 1],
    ],
    "done",
  ]);
  expect(taken(pending, "ok")).toEqual([[], "done"]);
});

test("a full output after the last batch leaves nothing to do", () => {
  const pending = new Pending();
  pending.add([first]);
  expect(taken(pending, "full")).toEqual([[[first, 0]], "done"]);
});
