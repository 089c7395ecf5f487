import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copiesOf, dataflow, newFolder, root, type Ended } from "../command.ts";
import { readersPython } from "../../scripts/readers.ts";
import { fencesOf } from "../docs/markdown.ts";
import { deltaRows, deltaVersion, missingReaders, python } from "../outside-readers.ts";

const example = join(root, "examples/01-earthquakes");
const input = join(example, "input/earthquakes.jsonl");
const pipeline = join(example, "pipeline.ts");
const oracle = (): string[] => python("test/examples/earthquakes_oracle.py", input);

let first: Ended | undefined;
/** Folders in which the example was run once, and what that run said. */
const ranFolder = copiesOf("quakes", runFirst);

function runFirst(folder: string): void {
  first = dataflow(folder, ["run", pipeline]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
}

/** Content hash by sink, as a run reports it. */
function contentOf(stdout: string): Record<string, string> {
  const report = JSON.parse(stdout) as { readonly sinks: readonly { sink: string; contentHash: string }[] };
  return Object.fromEntries(report.sinks.map(({ sink, contentHash }) => [sink, contentHash]));
}

describe.skipIf(missingReaders !== undefined)(
  `01-earthquakes${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("a run writes the tables that an answer computed without the engine has, and a second run nothing", () => {
      const folder = ranFolder();
      const gold = deltaRows(`${folder}/lake/gold/quakes_per_hour`);
      expect(gold).toHaveLength(850);
      expect(gold).toEqual(oracle());
      expect(deltaRows(`${folder}/lake/bronze/quakes`)).toHaveLength(1707);
      expect(deltaRows(`${folder}/lake/late/quakes`)).toEqual([]);
      expect(first?.stdout).toMatch(/^4 windows of "per-hour" are still open; --drain closes them/m);

      const versions = ["bronze/quakes", "gold/quakes_per_hour", "late/quakes"].map(
        (path) => `${folder}/lake/${path}`,
      );
      const before = versions.map(deltaVersion);
      expect(before).toEqual([1, 1, 0]);
      expect(dataflow(folder, ["run", pipeline]).code).toBe(0);
      expect(versions.map(deltaVersion)).toEqual(before);
    });

    test("the way to read a table that the README shows prints its rows", () => {
      const folder = ranFolder();
      const [, shown] = fencesOf("examples/01-earthquakes/README.md");
      const readers = readersPython();
      const interpreter = "python" in readers ? readers.python : "";
      const command = (shown?.text ?? "").replace(/^python3 /, `'${interpreter}' `);
      const lines = execFileSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" })
        .trimEnd()
        .split("\n");
      expect(lines).toHaveLength(5);
      expect(lines[0]).toMatch(/^\{'net': '\w+', 'windowStart': .*'quakes': \d+/);
    });

    test("every event is in bronze as it came, read by delta-rs and by DuckDB", () => {
      const folder = ranFolder();
      const events = readFileSync(input, "utf8").trimEnd().split("\n");
      const ids = (lines: readonly string[]): string[] =>
        lines.map((line) => (JSON.parse(line) as { id: string }).id).toSorted();
      const rows = deltaRows(`${folder}/lake/bronze/quakes`);
      expect(ids(rows)).toEqual(ids(events));
      expect(deltaRows(`${folder}/lake/bronze/quakes`, "--engine", "duckdb")).toEqual(rows);
    });

    test("appended lines are read from the checkpoint on, and the tables equal those of the whole input", () => {
      const folder = newFolder("quakes");
      mkdirSync(join(folder, "input"));
      copyFileSync(pipeline, join(folder, "pipeline.ts"));
      const lines = readFileSync(input, "utf8").trimEnd().split("\n");
      const file = join(folder, "input/quakes.jsonl");
      writeFileSync(file, `${lines.slice(0, 700).join("\n")}\n`);
      expect(dataflow(folder, ["run", "pipeline.ts"]).code).toBe(0);
      appendFileSync(file, `${lines.slice(700).join("\n")}\n`);
      const second = dataflow(folder, ["run", "pipeline.ts", "--json"]);
      expect(second).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(second.stdout)).toMatchObject({ rowsRead: 1007 });
      expect(deltaRows(`${folder}/lake/gold/quakes_per_hour`)).toEqual(oracle());
      expect(deltaRows(`${folder}/lake/bronze/quakes`)).toHaveLength(1707);
    });

    test("the content of every table is the same at parallelism 1, 2 and 7", () => {
      const contents = ["1", "2", "7"].map((parallelism) => {
        const { code, stdout } = dataflow(newFolder("quakes"), [
          "run",
          pipeline,
          "--json",
          "--parallelism",
          parallelism,
        ]);
        expect(code).toBe(0);
        return contentOf(stdout);
      });
      expect(contents[1]).toEqual(contents[0]);
      expect(contents[2]).toEqual(contents[0]);
    });
  },
);
