import { join } from "node:path";
import { expect, test } from "vitest";
import { allBenchmarks, benchmarkOf } from "../../bench/all.ts";
import { hasFailed, readBaseline, saveBaseline, type Stored } from "../../bench/baseline.ts";
import { chosen, roundsOf } from "../../bench/choice.ts";
import { measureAll } from "../../bench/measure-all.ts";
import type { Measured } from "../../bench/rounds.ts";
import { benchmarkLine } from "../../bench/table.ts";
import { newFolder } from "../command.ts";

const measured = (ratio: number): Measured => ({ ratio, subjectNanos: ratio * 10, referenceNanos: 10 });
const stored = (ratio: number): Stored => ({ ...measured(ratio), date: "", node: "", machine: "" });
const BENCHMARKS = ["json/a", "json/b", "csv/a"].map((name, i) => ({
  name,
  unit: "row",
  short: i === 0,
  cold: i === 1,
  open: () => {
    throw new Error("not opened here");
  },
}));
const [first] = BENCHMARKS;
const names = (given: readonly string[], isShort = false): string[] =>
  chosen(BENCHMARKS, given, isShort).map(({ name }) => name);

test("a ratio fails beyond three times its baseline, and not before", () => {
  expect([0.1, 1.49, 1.5, 1.51].map((ratio) => hasFailed(measured(ratio), stored(0.5)))).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test("a benchmark without a baseline does not fail, and its line says that there is none", () => {
  expect(hasFailed(measured(99), undefined)).toBe(false);
  expect(first && benchmarkLine(first, measured(99), undefined)).toMatch(/^json\/a .* 99\.0 +none *$/);
});

test("a line shows both sides, both ratios and the change, and a failure by name", () => {
  expect(first && benchmarkLine(first, measured(0.25), stored(0.5))).toMatch(
    /^json\/a +row +2\.50 +10\.0 +0\.250 +0\.500 +−50 %$/,
  );
  expect(first && benchmarkLine(first, measured(2), stored(0.5))).toMatch(/ \+300 % {2}TOO SLOW$/);
});

/** Measures what is given, turn by turn, against a ratio of 1 of each benchmark. */
async function all(ratios: readonly number[]): Promise<[failed: boolean, lines: number, left: number]> {
  const left = [...ratios];
  const lines: string[] = [];
  const { failed, measured: found } = await measureAll(BENCHMARKS, {
    measure: () => Promise.resolve(measured(left.shift() ?? Number.NaN)),
    baseline: Object.fromEntries(BENCHMARKS.map(({ name }) => [name, stored(1)])),
    print: (line) => lines.push(line),
  });
  expect([...found.keys()]).toEqual(["json/a", "json/b", "csv/a"]);
  return [failed, lines.length, left.length];
}

test("a run fails when one ratio has tripled, and prints the others too", async () => {
  expect(await all([1, 2.9, 0.5])).toEqual([false, 4, 0]);
  expect(await all([1, 3.1, 3.1, 0.5])).toEqual([true, 4, 0]);
});

test("what has failed is measured once more, and passes if it does then", async () => {
  expect(await all([1, 3.1, 1.1, 0.5])).toEqual([false, 4, 0]);
});

test("what is saved stands beside what was stored of other benchmarks, with place and time", () => {
  const file = join(newFolder("bench"), "baseline.json");
  expect(readBaseline(file)).toEqual({});
  saveBaseline(new Map([["b", measured(1.23456)]]), new Date("2026-01-02T03:04:05Z"), file);
  saveBaseline(new Map([["a", measured(2)]]), new Date("2026-02-02T03:04:05Z"), file);
  const saved = readBaseline(file);
  expect(Object.keys(saved)).toEqual(["a", "b"]);
  expect(saved["b"]).toMatchObject({ ratio: 1.23, date: "2026-01-02", node: process.versions.node });
  expect(saved["b"]?.machine).toMatch(/^\w+-\w+, \d+ × /);
});

test("a name stands for all benchmarks that contain it, and the short form takes a part of them", () => {
  expect([names([]), names(["/a"]), names(["csv", "b"])]).toEqual([
    ["json/a", "json/b", "csv/a"],
    ["json/a", "csv/a"],
    ["json/b", "csv/a"],
  ]);
  expect([names([], true), names(["csv"], true)]).toEqual([["json/a"], []]);
});

test("a name that no benchmark contains is refused, with the names that there are", async () => {
  expect(() => names(["json", "jsn"])).toThrow(
    'No benchmark is called "jsn". There are:\n  json/a\n  json/b',
  );
  await expect(benchmarkOf("json/nothing")).rejects.toThrow('No benchmark is called "json/nothing".');
  await expect(benchmarkOf("nothing")).rejects.toThrow('No benchmark is called "nothing".');
});

test("the number of rounds can be given, and is a whole number from 1 on", () => {
  const counted = (rounds?: string, short = false): number[] =>
    BENCHMARKS.slice(0, 2).map((benchmark) => roundsOf(benchmark, { short, rounds }).counted);
  expect([counted(), counted(undefined, true), counted("2")]).toEqual([
    [9, 3],
    [3, 3],
    [2, 2],
  ]);
  for (const wrong of ["0", "1.5", "many"]) expect(() => counted(wrong)).toThrow(`--rounds ${wrong} is no`);
});

test("every benchmark has a name of its own and a baseline, and no baseline is left of one that is gone", async () => {
  const all = (await allBenchmarks()).map(({ name }) => name);
  expect(Object.keys(readBaseline())).toEqual(all.toSorted());
});

test("every benchmark is found by its name", async () => {
  for (const { name } of await allBenchmarks()) expect((await benchmarkOf(name)).name).toBe(name);
});
