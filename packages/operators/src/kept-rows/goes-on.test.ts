import { expect, test } from "vitest";
import type { Json, StepPart } from "@df/core";
import { joinGoesOn } from "../join-window/goes-on.ts";
import { columnsGoOn, keptRowsGoOn } from "./goes-on.ts";

const step = (columns: readonly string[], options: Json = { group: ["k"] }): StepPart => ({
  verb: "latest",
  version: 1,
  options,
  inputs: [{ columns, change: "append", key: [], timed: true, exchange: ["k"] }],
});
const WAS = ["k string", "a int32", "b decimal(6,2)?"];
const KEEP = { verdict: "keep" };
const MIGRATE = { verdict: "migrate" };
const refused = (why: string): unknown => ({ verdict: "refuse", why });

test.each<[string, readonly string[], unknown]>([
  ["the same", WAS, KEEP],
  ["one that may now be null", ["k string", "a int32?", "b decimal(6,2)?"], KEEP],
  ["a new one that may be null", [...WAS, "c json?"], MIGRATE],
  ["one less", ["k string", "a int32"], MIGRATE],
  ["another order", ["b decimal(6,2)?", "k string", "a int32"], MIGRATE],
  ["a wider integer", ["k string", "a int64", "b decimal(6,2)?"], MIGRATE],
  ["a longer decimal", ["k string", "a int32", "b decimal(18,2)?"], MIGRATE],
  [
    "a new one that may not be null",
    [...WAS, "c json"],
    refused('The rows that are kept have no "c", and it may not be null: make it .nullable().'),
  ],
  [
    "one that may no longer be null",
    ["k string", "a int32", "b decimal(6,2)"],
    refused('"b" may be null in the rows that are kept: leave it .nullable().'),
  ],
  [
    "a decimal of another scale, and a double",
    ["k string", "a float64", "b decimal(9,3)?"],
    refused(
      '"a" of the rows that are kept is int32, and no float64 can be told from it. "b" of the rows that are kept is decimal(6,2), and no decimal(9,3) can be told from it.',
    ),
  ],
  [
    "a narrower integer",
    ["k string", "a date", "b decimal(5,2)?"],
    { verdict: "refuse", why: expect.stringContaining("no decimal(5,2) can be told") },
  ],
])("columns of rows that are kept: %s", (_what, is, answer) => {
  expect(columnsGoOn(WAS, is)).toEqual(answer);
});

test("rows that are kept go on with no other key, option or input", () => {
  const goesOn = (now: StepPart): unknown => keptRowsGoOn(["k"], step(WAS), now);
  expect(goesOn(step(WAS))).toEqual(KEEP);
  expect(goesOn(step(["k string?", ...WAS.slice(1)]))).toBeUndefined();
  expect(goesOn(step(WAS, { group: ["a"] }))).toBeUndefined();
  const retracting = step(WAS).inputs.map((input) => ({ ...input, change: "retract" }));
  expect(goesOn({ ...step(WAS), inputs: retracting })).toBeUndefined();
});

test("a join goes on by the columns that each side keeps: those of its result that are not compared", () => {
  const join = (left: Json, right: Json, more: readonly string[] = [], type = "left"): StepPart => {
    const { inputs } = step(["id int64", "n string", "m string?", ...more]);
    return {
      ...step([]),
      options: { on: [["id", "id"]], type, left, right },
      inputs: [...inputs, ...inputs],
    };
  };
  const was = join([["n", "n"]], [["id", "id"]]);
  expect(joinGoesOn(was, join([["other", "n"]], [["id", "id"]], ["o json"]))).toEqual(KEEP);
  expect(joinGoesOn(was, join([["n", "n"]], [["m", "m"]]))).toEqual(MIGRATE);
  expect(joinGoesOn(was, join([["n", "n"]], [["n2", "n"]]))).toEqual(
    refused('The rows that are kept have no "n", and it may not be null: make it .nullable().'),
  );
  expect(joinGoesOn(was, join([["n", "n"]], [["id", "id"]], [], "inner"))).toBeUndefined();
});
