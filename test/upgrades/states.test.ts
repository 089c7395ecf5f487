import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import type { Parts } from "@df/core/plan/fingerprint";
import { FORMAT_VERSION } from "@df/core/checkpoint/schema.sql";
import { readStoredState } from "@df/core/checkpoint/stored-state";
import { CONNECTORS } from "../../packages/dataflow/src/connectors.ts";
import { dataflow, newFolder, root } from "../command.ts";
import { contentHashes } from "./every-run.ts";
import { unpack } from "./packed-folder.ts";

const states = join(root, "test/fixtures/states");
const releases = readdirSync(states);
const { version } = JSON.parse(readFileSync(join(root, "packages/dataflow/package.json"), "utf8")) as {
  readonly version: string;
};

/** A folder as a release left it. */
function folderOf(release: string, name: string): string {
  const folder = newFolder("states");
  unpack(readFileSync(join(states, release, `${name}.folder.br`)), folder);
  return folder;
}

const stateIn = (folder: string): string => join(folder, ".dataflow/upgrades/state.sqlite");

describe.each(releases)("a state of release %s", (release) => {
  const pipeline = join(states, release, "pipeline.ts");
  const answer = JSON.parse(readFileSync(join(states, release, "answer.json"), "utf8")) as unknown;

  test.each(["at-rest", "killed"])("(%s) comes to the right answer with this code", (name) => {
    const folder = folderOf(release, name);
    expect(dataflow(folder, ["plan", pipeline])).toMatchObject({ code: 0, stderr: "" });
    for (const file of readdirSync(join(folder, "next")))
      appendFileSync(join(folder, file), readFileSync(join(folder, "next", file)));
    expect(contentHashes(folder, pipeline)).toEqual(answer);
  });
});

describe("the states of this release", () => {
  const folder = folderOf(version, "at-rest");

  test("have the format that this code writes: else pnpm write:states", () => {
    const db = new DatabaseSync(stateIn(folder), { readOnly: true });
    const meta = db.prepare("SELECT value FROM meta WHERE name = 'format_version'").get();
    expect(meta).toEqual({ value: String(FORMAT_VERSION) });
    db.close();
  });

  test("have every step that keeps state, and every sink whose target outlives the process", () => {
    const { fingerprint = "" } = readStoredState(stateIn(folder));
    const { stateful, sinks } = JSON.parse(fingerprint) as Parts;
    const named = (parts: Parts[keyof Parts], name: string): string[] => [
      ...new Set(Object.values(parts).map((part) => (part as Readonly<Record<string, string>>)[name] ?? "")),
    ];
    expect(named(stateful, "verb").toSorted()).toEqual(verbsWithState());
    const connectors = Object.keys(CONNECTORS).filter((name) => name !== "memory");
    expect(named(sinks, "connector").toSorted()).toEqual(connectors.toSorted());
  });
});

test("a state of a newer format is refused by every command that reads it, and left as it is", () => {
  const folder = folderOf(version, "at-rest");
  const pipeline = join(states, version, "pipeline.ts");
  const db = new DatabaseSync(stateIn(folder));
  db.exec("UPDATE meta SET value = '99' WHERE name = 'format_version'; DROP TABLE former_id");
  db.close();
  const before = namesIn(folder);
  for (const given of [["run", pipeline], ["plan", pipeline], ["status"]]) {
    const { code, stderr } = dataflow(folder, given);
    expect(stderr).toMatch(/has format 99; this dataflow reads formats \d+ to \d+\. A newer one wrote it/);
    expect(code).toBe(5);
  }
  expect(namesIn(folder)).toEqual(before);
});

/** Its tables, and what it says of itself. */
function namesIn(folder: string): unknown {
  const db = new DatabaseSync(stateIn(folder), { readOnly: true });
  const found = ["SELECT name, sql FROM sqlite_schema ORDER BY name", "SELECT * FROM meta ORDER BY name"].map(
    (query) => db.prepare(query).all(),
  );
  db.close();
  return found;
}

/** The verbs of the operators whose spec says that they keep state. */
function verbsWithState(): string[] {
  const operators = join(root, "packages/operators/src");
  return readdirSync(operators, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const spec = readdirSync(join(operators, name)).find((file) => file === `${name}.ts`);
      const text = spec === undefined ? "" : readFileSync(join(operators, name, spec), "utf8");
      return text.includes("stateful: true") ? [/\bname: "(\w+)"/.exec(text)?.[1] ?? name] : [];
    })
    .toSorted();
}
