import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";

const bin = join(root, "packages/cli/bin/dataflow.js");
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** The lines of all files of a directory that a pipeline has written. */
function linesOf(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name.startsWith("data-"));
  return names
    .toSorted()
    .flatMap((name) => readFileSync(join(directory, name), "utf8").trimEnd().split("\n"));
}

test("what init makes runs, shows the rows that its README says, passes its own test, and compiles", () => {
  const parent = newFolder("init");
  const made = dataflow(parent, ["init", "my pipeline"]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toContain('cd "my pipeline"');
  const folder = join(parent, "my pipeline");

  const run = dataflow(folder, ["run", "pipeline.ts"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(linesOf(join(folder, "out/hours"))).toEqual([
    "sensor,windowStart,windowEnd,readings,mean,highest",
    "cellar,2026-05-01T08:00:00Z,2026-05-01T09:00:00Z,4,11.75,12",
    "roof,2026-05-01T08:00:00Z,2026-05-01T09:00:00Z,5,16.5,19",
    "cellar,2026-05-01T09:00:00Z,2026-05-01T10:00:00Z,4,12.25,12.5",
    "roof,2026-05-01T09:00:00Z,2026-05-01T10:00:00Z,3,21.5,23.5",
  ]);
  expect(linesOf(join(folder, "out/late"))).toEqual([expect.stringContaining('"sensor":"shed"')]);
  expect(linesOf(join(folder, "out/quarantine"))).toEqual([expect.stringContaining("is no number")]);
  expect(run.stdout).toContain(
    '2 windows of "per-hour" are still open; --drain closes them when the input ends. The first goes with a row of 2026-05-01T11:05:00.000Z or later',
  );

  const tested = spawnSync(process.execPath, ["--test"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, DATAFLOW: bin, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
  });
  expect([tested.status, tested.stdout]).toEqual([
    0,
    expect.stringContaining("hours are counted by event time"),
  ]);
  const typed = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect([typed.status, typed.stdout]).toEqual([0, ""]);
});

test("the test that init makes fails when the pipeline counts otherwise", () => {
  const folder = newFolder("init");
  expect(dataflow(folder, ["init"]).code).toBe(0);
  const pipeline = join(folder, "pipeline.ts");
  writeFileSync(pipeline, readFileSync(pipeline, "utf8").replace('"5m"', '"0s"'));
  const tested = spawnSync(process.execPath, ["--test"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, DATAFLOW: bin, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
  });
  // Without a bound the row of 8:50 is late as well.
  expect([tested.status, tested.stdout]).toEqual([1, expect.stringContaining("readings,mean,highest")]);
  expect(tested.stdout).toContain("+   'a,2026-01-01T08:00:00Z,2026-01-01T09:00:00Z,1,10,10'");
});

test("init overwrites nothing: it names what is there and makes no file; a package.json may be there and stays", () => {
  const folder = newFolder("init");
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "pipeline.ts"), "mine");
  const refused = dataflow(folder, ["init"]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toMatch(
    / has pipeline\.ts already, .*dataflow init my-pipeline \[DF_INIT_EXISTS\]\n$/,
  );
  expect(readdirSync(folder).toSorted()).toEqual(["package.json", "pipeline.ts"]);
  expect(dataflow(folder, ["init", "pipeline.ts"])).toMatchObject({ code: 2, stdout: "" });
  mkdirSync(join(folder, "other"));
  writeFileSync(join(folder, "other/package.json"), '{"name":"other"}');
  expect(dataflow(folder, ["init", "other"])).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(folder, "other/package.json"), "utf8")).toBe('{"name":"other"}');
  expect(existsSync(join(folder, "other/.gitignore"))).toBe(true);
});

test("init prints the command as it was called, and types of the package where it is installed", () => {
  const folder = newFolder("init");
  const called = (name: string, env: Readonly<Record<string, string>>): string[] => {
    const { stdout } = dataflow(folder, ["init", name], env);
    return stdout
      .trimEnd()
      .split("\n")
      .slice(2)
      .map((line) => line.trim());
  };
  const none = { npm_command: "", PATH: "/nowhere" };
  expect(called("a", { ...none, npm_command: "exec" })).toEqual([
    "cd a",
    "npx dataflow run pipeline.ts",
    "npm test",
  ]);
  mkdirSync(join(folder, "own"));
  writeFileSync(join(folder, "own/package.json"), "{}");
  expect(called("own", { ...none, npm_command: "exec" })[2]).toBe('npx -c "node --test"');
  expect(called("b", none)).toEqual(["cd b", `${bin} run pipeline.ts`, `DATAFLOW=${bin} node --test`]);
  const path = join(folder, "bin");
  mkdirSync(path);
  writeFileSync(join(path, "dataflow"), "");
  chmodSync(join(path, "dataflow"), 0o755);
  expect(called("c", { npm_command: "", PATH: path })[1]).toMatch(/dataflow run pipeline\.ts$/);

  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "packages/dataflow"), join(folder, "node_modules/dataflow"));
  expect(dataflow(folder, ["init", "d"]).code).toBe(0);
  const types = JSON.parse(readFileSync(join(folder, "d/tsconfig.json"), "utf8")) as Record<string, unknown>;
  expect(Object.keys(types)).toEqual(["compilerOptions", "include"]);
  expect(types["compilerOptions"]).toMatchObject({ strict: true, module: "preserve" });
});
