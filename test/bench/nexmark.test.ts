import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { generate } from "../../bench/nexmark/generate.ts";
import { runPlain } from "../../bench/nexmark/plain.ts";
import { renamedProgram, renameEvents } from "../../bench/nexmark/renamed.ts";
import { runQuery } from "../../bench/nexmark/run.ts";
import { newFolder } from "../command.ts";

const EVENTS = 60_000;
const input = newFolder("nexmark");
beforeAll(() => generate(EVENTS, input));

/** Columns of the key, of queries whose results are updates. */
const KEYS: Readonly<Record<string, number>> = { q17: 2, q18: 2 };

interface Manifest {
  readonly files: readonly { readonly path: string }[];
}

/** The lines that the run has shown, of updates the last one of each key. */
function shownBy(query: string, output: string): string[] {
  const commits = join(output, "result/_commits");
  const lines = readdirSync(commits)
    .toSorted()
    .flatMap((name) => (JSON.parse(readFileSync(join(commits, name), "utf8")) as Manifest).files)
    .flatMap(({ path }) => linesOf(join(output, "result", path)));
  const key = KEYS[query];
  if (key === undefined) return lines;
  const rows = lines.map((line) => line.replace(/^\+,/, ""));
  return [...new Map(rows.map((line) => [line.split(",").slice(0, key).join(), line])).values()];
}

/** The lines of a file; whole seconds are written with and without milliseconds. */
function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").replaceAll(".000Z", "Z").trimEnd().split("\n");
}

test.each(["q5", "q7", "q11", "q17", "q18"])(
  "the plain program of %s gives the answer of the engine",
  async (query) => {
    const [ours, plain] = [join(newFolder("nexmark"), "ours"), newFolder("nexmark")];
    expect(await runQuery(query, input, ours)).toMatchObject({ events: EVENTS });
    expect(runPlain(query, input, plain)).toBe(EVENTS);
    const given = shownBy(query, ours).toSorted();
    expect(given.length).toBeGreaterThan(100);
    expect(given).toEqual(linesOf(join(plain, "result.csv")).toSorted());
  },
);

test.each(["q1", "q5", "q7", "q8", "q11", "q17", "q18"])(
  "%s gives the same answer when every column is called otherwise and keys stand in another order",
  async (query) => {
    const [plain, other] = [join(newFolder("nexmark"), "plain"), join(newFolder("nexmark"), "other")];
    const renamed = newFolder("nexmark-renamed");
    renameEvents(input, renamed);
    expect(readFileSync(join(renamed, "part-0.jsonl"), "utf8")).not.toMatch(/"(type|auction|dateTime)"/);
    await runQuery(query, input, plain);
    await runQuery(query, renamed, other, { program: await renamedProgram() });
    const given = shownBy(query, other).toSorted();
    expect(given.length).toBeGreaterThan(100);
    expect(given).toEqual(shownBy(query, plain).toSorted());
  },
);
