/** Tables do not depend on how many shards there are, nor on which threads they have. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { newFolder, root } from "../command.ts";

interface Answer {
  readonly content: Readonly<Record<string, string>>;
  readonly outcomes: readonly { readonly node: string; readonly outcomes: { readonly late: number } }[];
  readonly refused: readonly string[];
}

interface Told {
  readonly atOnce: readonly [Answer, ...Answer[]];
  readonly bySteps: Answer;
  readonly silent: unknown;
}

let told: Told;
beforeAll(async () => {
  const file = join(newFolder("shard-threads"), "told.json");
  await promisify(execFile)(process.execPath, [join(root, "test/runtime/shard-threads-run.ts"), file]);
  told = JSON.parse(readFileSync(file, "utf8")) as Told;
});

test("the same tables, late and refused rows come of 1, 2 and 4 shards on 1, 2 and 3 threads", () => {
  const [one, ...others] = told.atOnce;
  // Of those that were refused behind the exchange by key, too, it is known where they were read.
  for (const node of ["sales", "sales.filter", "per-hour"]) {
    const rows = one.refused.filter((row) => row.includes(`"node":"${node}","split":"0.jsonl"`));
    expect(rows.length).toBeGreaterThan(1);
  }
  expect(one.outcomes.find(({ node }) => node === "per-hour")?.outcomes.late).toBeGreaterThan(10);
  expect(others).toEqual([one, one]);
});

test("they are the same when runs are stopped and go on with other shards and threads, while the input grows", () => {
  const [one] = told.atOnce;
  expect(told.bySteps.content["all"]).toBe(one.content["all"]);
  expect(told.bySteps.refused.length).toBe(one.refused.length);
});

test("splits that speak again get their marks, on whichever thread they are", () => {
  expect(told.silent).toMatchObject({ late: 2, folded: 4 });
});
