import { expect, test } from "vitest";
import { didYouMean, nearestOf } from "./near.ts";

test.each([
  ["paralelism", "parallelism"],
  ["state_dir", "stateDir"],
  ["statedir", "stateDir"],
  ["folow", "follow"],
  ["jsno", undefined],
  ["min", undefined],
  ["", undefined],
])("%j means %s", (name, meant) => {
  expect(nearestOf(name, ["stateDir", "parallelism", "follow", "json", "max"])).toBe(meant);
});

test("of several near names the nearest is meant", () => {
  expect(nearestOf("days", ["davids", "dayz", "hours"])).toBe("dayz");
  expect(didYouMean("days", ["dayz"])).toBe(" Did you mean dayz?");
  expect(didYouMean("weeks", ["dayz"])).toBe("");
});
