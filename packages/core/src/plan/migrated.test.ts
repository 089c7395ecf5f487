import { expect, test } from "vitest";
import { migratedBy } from "./migrated.ts";
import { groups, ints, operator, planOf, source } from "./plan-fixtures.ts";

test("a state has the names of all functions behind it that its checkpoints had, and those of now", () => {
  const s = source("s", ints("a", "b"));
  const migration = { name: "now", before: ints("a"), make: () => ({}), refusals: () => [] };
  const step = operator("step", { ...groups(["a"], ["b"]), migration }, [s]);
  expect(migratedBy(planOf(s))).toEqual({});
  expect(migratedBy(planOf(s, step))).toEqual({ step: ["now"] });
  const before = { step: ["once", "now"], gone: ["other"] };
  expect(migratedBy(planOf(s, step), before)).toEqual(before);
  expect(migratedBy(planOf(s, step), { step: ["once"] })).toEqual({ step: ["once", "now"] });
});
