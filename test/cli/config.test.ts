import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";
import { filesBelow } from "./tables.ts";

const PIPELINE = `import { pipeline, t } from "dataflow";
import { filesSink, jsonLines } from "dataflow/files";
import { generator } from "dataflow/generator";
const numbers = generator({ row: t.row({ n: t.int64() }), rows: 10, make: (index) => ({ n: BigInt(index) }) });
const Params = t.row({ least: t.int(), table: t.string() });
const of = (name: string) =>
  pipeline(name, { params: Params, defaults: { least: 8 } }, (p, { least, table }) => {
    p.from("numbers", numbers).filter((row) => row.n >= least).to("out", filesSink({ path: table + "/" + name, format: jsonLines() }));
  });
export default [of("a"), of("b")];
`;

function folderOf(config: string, name = "dataflow.config.ts"): string {
  const folder = newFolder("config");
  writeFileSync(join(folder, "pipeline.ts"), PIPELINE);
  writeFileSync(join(folder, name), config);
  return folder;
}

const CONFIG = `import { defineConfig, type Config } from "dataflow";
const more: Config = { json: true, params: { table: "./lake" } };
export default defineConfig({ ...more, stateDir: "./st", profiles: { low: { params: { least: 5 } } } });
`;

/** Rows that each pipeline's sink has shown, by its report. */
function rowsOf(stdout: string): unknown[] {
  const reports = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { pipeline: string; sinks: { rows: number }[] });
  return reports.map(({ pipeline, sinks }) => [pipeline, sinks[0]?.rows]);
}

test("run and status have the settings of the configuration, also for several pipelines in one file", () => {
  const folder = folderOf(CONFIG);
  const run = dataflow(folder, ["run", "pipeline.ts"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(rowsOf(run.stdout)).toEqual([
    ["a", 2],
    ["b", 2],
  ]);
  const places = filesBelow(folder).map((path) => path.slice(folder.length + 1));
  expect(places).toContain("st/a/state.sqlite");
  expect(places).toContain("st/b/state.sqlite");
  expect(places.filter((place) => place.startsWith("lake/"))).not.toEqual([]);

  const status = dataflow(folder, ["status"]);
  expect(status).toMatchObject({ code: 0, stderr: "" });
  expect(
    status.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    { pipeline: "a", epoch: 1 },
    { pipeline: "b", epoch: 1 },
  ]);
  expect(dataflow(folder, ["status", "--no-json"]).stdout).toMatch(/^a: not running/);
});

test("a profile, a variable and an option go before the configuration", () => {
  const folder = folderOf(CONFIG);
  const low = dataflow(folder, ["run", "pipeline.ts"], { DATAFLOW_PROFILE: "low" });
  expect(rowsOf(low.stdout)).toEqual([
    ["a", 5],
    ["b", 5],
  ]);
  const given = ["run", "pipeline.ts", "--profile", "low", "--param", "least=9", "--state-dir", "other"];
  const flags = dataflow(folder, given, { DATAFLOW_PARAM_TABLE: "./other-lake", DATAFLOW_PROFILE: "none" });
  expect(flags).toMatchObject({ code: 0, stderr: "" });
  expect(rowsOf(flags.stdout)).toEqual([
    ["a", 1],
    ["b", 1],
  ]);
  const places = filesBelow(folder).map((path) => path.slice(folder.length + 1));
  expect(places).toContain("other/a/state.sqlite");
  expect(places.filter((place) => place.startsWith("other-lake/"))).not.toEqual([]);
});

test("a configuration may be named, and be JavaScript", () => {
  const folder = folderOf('export default { stateDir: "./named" };\n', "named.mjs");
  const { code, stdout } = dataflow(folder, ["config", "--origin", "--config", "./named.mjs"]);
  expect([code, stdout.split("\n")[0]]).toEqual([0, "stateDir       ./named  ./named.mjs"]);
});

test("the configuration as JSON names file and profile, and each value with its origin", () => {
  const folder = folderOf(CONFIG);
  const { stdout } = dataflow(folder, ["config", "pipeline.ts", "--profile", "low", "--parallelism", "3"]);
  expect(JSON.parse(stdout)).toMatchObject({
    file: join(folder, "dataflow.config.ts"),
    profile: "low",
    settings: expect.arrayContaining([
      { name: "parallelism", value: 3, origin: "--parallelism" },
      { pipeline: "b", name: "least", value: "5", origin: "dataflow.config.ts, profile low" },
      { pipeline: "b", name: "table", value: "./lake", origin: "dataflow.config.ts" },
    ]) as unknown,
  });
});

test("a parameter that lambdas see differently than before is told of", () => {
  const folder = folderOf(CONFIG);
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
  const { code, stderr } = dataflow(folder, ["run", "pipeline.ts", "--param", "least=3"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^Parameter "least" of pipeline "a" was "8" at its last checkpoint and is "3" now\./m,
  );
  const moved = dataflow(folder, ["run", "pipeline.ts", "--param", "table=./moved"]);
  expect(moved.code).toBe(5);
  expect(moved.stderr).toMatch(/path of sink "out" changed from .*\[DF_PLAN_CHANGED\]/);
});

describe("exit code 2, and nothing has run, when", () => {
  test.each<[string, string, string, readonly string[], RegExp]>([
    [
      "the configuration has an unknown key",
      "export default { paralelism: 2 };",
      "dataflow.config.ts",
      [],
      /^In dataflow\.config\.ts: there is no setting "paralelism"\. Did you mean parallelism\? .*\[DF_CONFIG\]\n$/,
    ],
    [
      "there are two configurations",
      "export default {};",
      "dataflow.config.mjs",
      [],
      /has dataflow\.config\.ts and dataflow\.config\.mjs\. Delete all but one/,
    ],
    [
      "a configuration is JSON",
      "{}",
      "dataflow.config.json",
      [],
      /dataflow\.config\.json is not read: .*Write it as dataflow\.config\.ts/,
    ],
    [
      "the named configuration is missing",
      "export default {};",
      "dataflow.config.ts",
      ["--config", "nowhere.ts"],
      /^There is no file .*nowhere\.ts\. --config names/,
    ],
    [
      "the profile is unknown",
      "export default { profiles: { prod: {} } };",
      "dataflow.config.ts",
      ["--profile", "prd"],
      /no profile "prd" in dataflow\.config\.ts\. Did you mean prod\?/,
    ],
    [
      "a parameter of the configuration is of another type",
      'export default { params: { table: "x", least: "some" } };',
      "dataflow.config.ts",
      [],
      /Parameter "least" from dataflow\.config\.ts is "some", but it must be an integer\..*\[DF_PARAM\]\n$/,
    ],
    [
      "a parameter is misspelt",
      'export default { params: { tabel: "x" } };',
      "dataflow.config.ts",
      [],
      /Parameter "tabel" is given by dataflow\.config\.ts, but no pipeline .*Did you mean table\?/,
    ],
    [
      "a parameter is missing",
      "export default {};",
      "dataflow.config.ts",
      [],
      /Parameter "table" \(string\) is missing\..* params of dataflow\.config\.ts.*DATAFLOW_PARAM_NAME.*--param/,
    ],
  ])("%s", (_when, text, name, given, says) => {
    const folder = folderOf("export default {};");
    writeFileSync(join(folder, name), text);
    const before = filesBelow(folder);
    const { code, stdout, stderr } = dataflow(folder, ["run", "pipeline.ts", ...given]);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(filesBelow(folder)).toEqual(before);
  });
});
