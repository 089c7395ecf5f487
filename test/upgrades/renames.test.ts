import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";
import { writePart } from "./every-input.ts";
import { begun, contentHashes, everyStep as pipeline, kill } from "./every-run.ts";

const RENAMED = { UPGRADE: "renamed" };

/** Content hashes by sink, but of the quarantine: its rows carry the id of their source. */
function run(folder: string, env: Readonly<Record<string, string>> = {}): unknown {
  return { ...contentHashes(folder, pipeline, env), "orders.invalid": "" };
}

let answer: unknown;
let first = "";
beforeAll(async () => {
  const straight = newFolder("straight");
  writePart(straight, 0);
  writePart(straight, 1);
  answer = run(straight);
  first = await begun();
});

function copyOfFirst(): string {
  const folder = newFolder("renames");
  cpSync(first, folder, { recursive: true });
  return folder;
}

test("every source, step and sink goes on under another id, and the tables are as if it always had it", () => {
  const folder = copyOfFirst();
  writePart(folder, 1);
  const before = dataflow(folder, ["plan", pipeline], RENAMED);
  expect(before.code).toBe(0);
  expect(before.stdout.match(/ keep {2}renamed from "/g)).toHaveLength(28);
  expect(before.stdout).not.toMatch(/ (?:new|drop|refuse) /);
  expect(run(folder, RENAMED)).toEqual(answer);

  const after = dataflow(folder, ["plan", pipeline], RENAMED);
  expect(after.code).toBe(0);
  expect(after.stdout).toContain('renamedFrom: "hours" is done and may be taken out');
  expect(run(folder, RENAMED)).toEqual(answer);
  const log = readFileSync(join(folder, "out/gold/_delta_log/00000000000000000002.json"), "utf8");
  expect(log).toContain('"txn":{"appId":"dataflow/upgrades/gold-now"');
  expect(log).toContain('"txn":{"appId":"dataflow/upgrades/gold"');
});

test("without the option a restart is refused, and says what to write", () => {
  const folder = copyOfFirst();
  const { code, stderr } = dataflow(folder, ["run", pipeline], { UPGRADE: "renamed without words" });
  expect(code).toBe(5);
  expect(stderr).toContain(
    'The step "hours" is gone, but its state is there. If it is "hours-now" now, say so: { renamedFrom: "hours" }.',
  );
  const plan = dataflow(folder, ["plan", pipeline], { UPGRADE: "renamed without words" });
  expect(plan.stdout).toMatch(
    / gold-now .* new .*; if it was "gold" before, say so: \{ renamedFrom: "gold" \}/,
  );
  expect(run(folder)).toEqual(run(copyOfFirst()));
});

test.each(["checkpoint stored", "committed", 150, 250, 350])(
  "kill -9 of a run that renames (%s) changes nothing of its tables",
  async (moment) => {
    const folder = copyOfFirst();
    writePart(folder, 1);
    await kill(folder, moment, pipeline, RENAMED);
    expect(run(folder, RENAMED)).toEqual(answer);
  },
);

test.each(["checkpoint stored", "intent stored", "committed"])(
  "what was decided under the old ids is finished (killed: %s)",
  async (moment) => {
    const folder = copyOfFirst();
    writePart(folder, 1);
    await kill(folder, moment);
    expect(run(folder, RENAMED)).toEqual(answer);
  },
);

test("a copy of the state from before the rename is refused, under the old ids and the new ones", () => {
  const folder = copyOfFirst();
  const copy = newFolder("copy");
  cpSync(join(folder, ".dataflow"), copy, { recursive: true });
  writePart(folder, 1);
  expect(run(folder, RENAMED)).toEqual(answer);
  for (const env of [{}, RENAMED]) {
    const { code, stderr } = dataflow(folder, ["run", pipeline, "--state-dir", copy], env);
    expect(code).toBe(5);
    expect(stderr).toMatch(/\[DF_SINK_AHEAD\]\n$/);
  }
});

test("another state is refused by the tables of a renamed pipeline", () => {
  const folder = copyOfFirst();
  const { code, stderr } = dataflow(folder, ["run", pipeline, "--state-dir", newFolder("other")], RENAMED);
  expect(code).toBe(5);
  expect(stderr).toMatch(/\[DF_SINK_OTHER_LINEAGE\]\n$/);
});

test("a savepoint from before goes on under the new ids, in the tables of before", () => {
  const folder = copyOfFirst();
  expect(dataflow(folder, ["savepoint", "create", "before"])).toMatchObject({ code: 0, stderr: "" });
  writePart(folder, 1);
  const from = join(folder, ".dataflow/upgrades/savepoints/before");
  const plan = dataflow(folder, ["plan", pipeline, "--from", from], RENAMED);
  expect(plan.stdout.match(/ keep {2}renamed from "/g)).toHaveLength(28);
  const child = ["run", pipeline, "--json", "--from", from, "--state-dir", newFolder("child")];
  const { code, stderr } = dataflow(folder, child, RENAMED);
  expect([code, stderr]).toEqual([0, expect.stringContaining("Renamed in pipeline")]);
  expect(dataflow(folder, child, RENAMED).code).toBe(0);
});
