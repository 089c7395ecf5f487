import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { deltaRows, missingReaders } from "../outside-readers.ts";

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = newFolder("files");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function rowsIn(folder: string, table: string): object[] {
  return deltaRows(join(folder, table)).map((line) => JSON.parse(line) as object);
}

const NUMBERS = `import { t } from "dataflow";
import { generator } from "dataflow/generator";
export const Row: ReturnType<typeof make> = make();
function make() { return t.row({ n: t.int64() }); }
export const numbers = (rows: number) => generator({ row: Row, rows, make: (index: number) => ({ n: BigInt(index) }) });
`;

describe.skipIf(missingReaders !== undefined)("a pipeline file", () => {
  test('may be TypeScript where package.json says "type": "commonjs" and no node_modules are, and import others beside and above it', () => {
    const folder = folderOf({
      "package.json": '{ "type": "commonjs" }',
      "shared/numbers.ts": NUMBERS,
      "pipelines/table.ts": `export const table: string = "./out";\n`,
      "pipelines/numbers.ts": `import { pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { numbers } from "../shared/numbers.ts";
import { table } from "./table.ts";
export default pipeline("numbers", (p) => p.from("numbers", numbers(3)).to("out", delta({ path: table })));
`,
    });
    expect(dataflow(folder, ["run", "pipelines/numbers.ts"])).toMatchObject({ code: 0, stderr: "" });
    expect(rowsIn(folder, "out")).toEqual([{ n: "0" }, { n: "1" }, { n: "2" }]);
  });

  test("may be plain JavaScript", () => {
    const folder = folderOf({
      "numbers.mjs": `import { pipeline, t } from "dataflow";
import { consoleSink } from "dataflow/console";
import { generator } from "dataflow/generator";
const source = generator({ row: t.row({ n: t.int64() }), rows: 1, make: () => ({ n: 7n }) });
export default pipeline("numbers", (p) => p.from("numbers", source).to("out", consoleSink()));
`,
    });
    const { code, stdout, stderr } = dataflow(folder, ["run", "numbers.mjs"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\{"n":7\}\nnumbers: the input has ended/);
  });

  test("may hold several pipelines, each with the parameters it declares, a state of its own and scopes that are run twice", () => {
    const folder = folderOf({
      "numbers.ts": NUMBERS,
      "both.ts": `import { pipeline, t, type Pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { numbers } from "./numbers.ts";
const few = pipeline("few", { params: t.row({ least: t.int64(), table: t.string() }) }, (p, { least, table }) => {
  p.from("numbers", numbers(4)).filter((row) => row.n >= least).to("out", delta({ path: table }));
});
function copy(p: Pipeline, rows: number, path: string): void {
  p.from("numbers", numbers(rows)).to("out", delta({ path }));
}
const scoped = pipeline("scoped", { params: t.row({ table: t.string(), note: t.string().nullable() }) }, (p, { table }) => {
  p.scope("eu", (eu) => copy(eu, 1, table + "-eu"));
  p.scope("us", (us) => copy(us, 2, table + "-us"));
});
export default [few, scoped];
`,
    });
    const given = ["run", "both.ts", "--json", "--param", "least=2", "--param", "table=./out=1"];
    const { code, stdout, stderr } = dataflow(folder, given);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const reports = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { sinks: { sink: string; rows: number }[] });
    expect(reports).toMatchObject([
      { pipeline: "few", sinks: [{ sink: "out", rows: 2 }] },
      {
        pipeline: "scoped",
        sinks: [
          { sink: "eu/out", rows: 1 },
          { sink: "us/out", rows: 2 },
        ],
      },
    ]);
    expect(rowsIn(folder, "out=1")).toEqual([{ n: "2" }, { n: "3" }]);
    expect(rowsIn(folder, "out=1-us")).toEqual([{ n: "0" }, { n: "1" }]);

    const missing = dataflow(folder, ["run", "both.ts", "--state-dir", "new", "--param", "table=./new"]);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(
      /Parameter "least" \(int64\) is missing\. .*--param name=value\. \[DF_PARAM\]\n$/,
    );
    const wrong = dataflow(folder, [
      ...given.slice(0, 3),
      "--state-dir",
      "new",
      "--param",
      "least=two",
      "--param",
      "table=./new",
    ]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(
      /Parameter "least" from --param is "two", but it must be an integer\. .*\[DF_PARAM\]\n$/,
    );
    const unknown = dataflow(folder, [...given, "--param", "leest=2"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/There is no parameter "leest"\. There are: .*\[DF_PARAM\]\n$/);
  });

  test("that throws while it is loaded ends the command with code 2 and the place in the file", () => {
    const folder = folderOf({
      "bad.ts": `const none: { x: number } | undefined = undefined as never;\nconsole.error(none.x);\n`,
    });
    const { code, stdout, stderr } = dataflow(folder, ["run", "bad.ts"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/TypeError[\s\S]*bad\.ts:2:\d+/);
  });
});

test("of several pipelines one that fails stops the others cleanly, and the command tells of it", () => {
  const folder = folderOf({
    "numbers.ts": NUMBERS,
    "both.ts": `import { pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { numbers } from "./numbers.ts";
const good = pipeline("good", (p) => p.from("numbers", numbers(3)).to("out", delta({ path: "./good" })));
const bad = pipeline("bad", (p) => p.from("numbers", numbers(3)).tap(() => { throw new Error("no"); }).to("out", delta({ path: "./bad" })));
export default [good, bad];
`,
  });
  const { code, stdout, stderr } = dataflow(folder, ["run", "both.ts"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Node "numbers\.tap" refused a row .*: no\. .*\[DF_REJECTED\]\n    at .*both\.ts:5:\d+\n$/,
  );
  expect(stdout).toMatch(/^good: /);
});

describe("a pipeline file that cannot be read is told of without a stack:", () => {
  test.each<[string, string, RegExp]>([
    [
      "a package that is not installed",
      `import "no-such-package";\n`,
      /^Cannot find package 'no-such-package' imported from .*bad\.ts\. Install .* \[DF_NO_MODULE\]\n$/,
    ],
    [
      "a connector that does not exist",
      `import "dataflow/kafka";\n`,
      /^There is no module "dataflow\/kafka", which .*bad\.ts imports\. There are: .*dataflow\/csv, .*dataflow\/files.* \[DF_NO_MODULE\]\n$/,
    ],
    [
      "a name that the package does not have",
      `import { slidingg } from "dataflow";\nexport default slidingg;\n`,
      /bad\.ts:1\n[\s\S]*does not provide an export named 'slidingg'\. .*\[DF_SYNTAX\]\n$/,
    ],
    [
      "wrong syntax",
      "const x = 1;\nconst y = ;\n",
      /bad\.ts:2\n[\s\S]*const y = ;\n\s+\^\n[\s\S]*Expression expected\. Mend the file\. \[DF_SYNTAX\]\n$/,
    ],
    [
      "wrong syntax whose place Node does not tell",
      "export const x = (o: { y: number }): number => o.#y;\n",
      /^(.*bad\.ts:1\n|In .*bad\.ts, or in a file that it imports: )[\s\S]*\[DF_SYNTAX\]\n$/,
    ],
    [
      "an enum",
      "export enum Colour { red }\n",
      /bad\.ts:1\n[\s\S]*enum is not supported in strip-only mode\. Types are removed, not compiled.* \[DF_SYNTAX\]\n$/,
    ],
  ])("%s", (_what, text, says) => {
    const { code, stdout, stderr } = dataflow(folderOf({ "bad.ts": text }), ["run", "bad.ts"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

test("what a pipeline file throws is told with its places in the user's files, and none of the engine's", () => {
  const folder = folderOf({
    "bad.ts": `import { pipeline } from "dataflow";
import { topic } from "./topic.ts";
export default pipeline("bad", () => topic("nope"));
`,
    "topic.ts": "export const topic = (text: string): unknown => JSON.parse(text);\n",
  });
  const { code, stdout, stderr } = dataflow(folder, ["run", "bad.ts"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  const places = stderr.split("\n").filter((line) => line.startsWith("    at "));
  expect(places).toEqual([
    expect.stringMatching(/topic\.ts:1:\d+\)$/),
    expect.stringMatching(/bad\.ts:3:\d+$/),
  ]);
});

test("the compiler knows the types of a pipeline in any folder, and refuses wrong ones with the reason", () => {
  const head = `import { pipeline, t, tumbling } from "dataflow";
import { consoleSink } from "dataflow/console";
import { generator } from "dataflow/generator";
const source = generator({ row: t.row({ n: t.int64() }), rows: 1, make: () => ({ n: 7n }) });
`;
  const folder = folderOf({
    "tsconfig.json": JSON.stringify({ extends: join(root, "packages/cli/pipeline.tsconfig.json") }),
    "good.ts": `${head}export default pipeline("p", (p) => p.from("s", source).to("out", consoleSink()));\n`,
    "bad.ts": `${head}export default pipeline("p", (p) => void p.from("s", source).window(tumbling("1h")));\n`,
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const ended = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: folder, encoding: "utf8" });
  expect(ended.stdout.split("\n").filter((line) => line.includes("error"))).toEqual([
    expect.stringMatching(/^bad\.ts\(5,.*window\(\) needs event time: name it where the data comes in/),
  ]);
});
