import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { someOrders, writeOrders } from "./order-lines.ts";
import { filesBelow } from "./tables.ts";
import { Started, until } from "./started.ts";

const orders = join(root, "test/cli/orders.ts");

/** A folder with a pipeline file of the given body; `p` and everything usual is in scope. */
function folderWith(body: string, options = ""): string {
  const folder = newFolder("exit");
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { generator } from "dataflow/generator";
import { json } from "dataflow/json";
const Row = t.row({ n: t.int64() });
const numbers = generator({ row: Row, rows: 10, make: (index) => ({ n: BigInt(index) }) });
export default pipeline("p", {${options}}, (p) => {
${body}
});
`,
  );
  return folder;
}

describe("exit code 2 says that the command was used wrongly, with the way to use it, when", () => {
  const good = newFolder("usage");
  writeFileSync(join(good, "none.ts"), "export const x = 1;\n");
  test.each<[string, readonly string[], RegExp]>([
    ["an option is unknown", ["run", orders, "--folow"], /unknown option '--folow'[\s\S]*--follow/],
    ["a command is unknown", ["walk"], /unknown command 'walk'/],
    ["no file is given", ["run"], /missing required argument 'file'/],
    [
      "the end of input is to be drained, and followed input has none",
      ["run", orders, "--drain", "--follow"],
      /is to be drained \(--drain\), and followed input \(--follow\) has none\. Turn one off/,
    ],
    ["--parallelism is 0", ["run", orders, "--parallelism", "0"], /It is a number from 1 to 128\./],
    ["--parallelism is 129", ["run", orders, "--parallelism", "129"], /It is a number from 1 to 128\./],
    ["a parameter has no value", ["run", orders, "--param", "x"], /Write name=value\./],
    [
      "a parameter is not declared",
      ["run", orders, "--param", "x=1"],
      /There is no parameter "x"\. The pipeline declares none\.[\s\S]*\[DF_PARAM\]/,
    ],
    [
      "the file is missing",
      ["run", "nowhere.ts"],
      /There is no file .*nowhere\.ts.*dataflow run pipeline\.ts/,
    ],
    ["the file is a directory", ["run", "."], /There is no file .*dataflow run pipeline\.ts/],
    [
      "the file has no pipeline",
      ["run", "none.ts"],
      /none\.ts has no pipeline as its default export\. Write: export default/,
    ],
    ["the state directory holds no state", ["status"], /holds no state of a pipeline\..*--state-dir/],
  ])("%s", (_when, given, says) => {
    const { code, stdout, stderr } = dataflow(good, given);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(join(good, ".dataflow"))).toBe(false);
  });
});

describe("exit code 2 says that a file is wrong, so that nobody starts it again before it is mended, when", () => {
  const wrong = (name: string, text: string): string => {
    const folder = newFolder("wrong");
    writeFileSync(join(folder, name), text);
    if (name !== "pipeline.ts") writeFileSync(join(folder, "pipeline.ts"), "export default [];\n");
    return folder;
  };
  test.each<[string, string, RegExp]>([
    [
      "a step of the pipeline cannot be",
      folderWith('p.from("numbers", numbers).keyBy("m").window(tumbling("1h"));'),
      /There is no column "m"\. The columns are: n\. \[DF_NO_COLUMN\]\n$/,
    ],
    [
      "an option of the pipeline cannot be",
      folderWith('p.from("numbers", numbers);', 'require: "exact" as never'),
      /require is "exact"; it may be identical, convergent or arrival\. \[DF_LABEL\]\n$/,
    ],
    [
      "its function throws",
      folderWith('throw new RangeError("no such table");'),
      /^RangeError: no such table/,
    ],
    ["what it throws is no error", wrong("pipeline.ts", 'throw "a word";\n'), /^a word\n$/],
    ["its syntax is wrong", wrong("pipeline.ts", "const y = ;\n"), /\[DF_SYNTAX\]\n$/],
    ["it imports what is not there", wrong("pipeline.ts", 'import "./none.ts";\n'), /\[DF_NO_MODULE\]\n$/],
    [
      "the configuration throws",
      wrong("dataflow.config.ts", 'throw new TypeError("no");\n'),
      /^TypeError: no\n {4}at .*dataflow\.config\.ts:1:\d+/,
    ],
    ["the configuration has wrong syntax", wrong("dataflow.config.ts", "export default {;\n"), /DF_SYNTAX/],
  ])("%s", (_when, folder, says) => {
    for (const command of ["run", "plan"]) {
      const { code, stdout, stderr } = dataflow(folder, [command, "pipeline.ts"]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(says);
    }
    expect(existsSync(join(folder, ".dataflow"))).toBe(false);
  });
});

describe("exit code 1 says that the run failed, and why, when", () => {
  test("a lambda throws and nothing takes the row: where, which record, and what to do", () => {
    const folder = folderWith(`
  p.from("numbers", numbers)
    .filter((row) => { if (row.n === 7n) throw new Error("seven is bad"); return true; }, { id: "check" })
    .to("out", delta({ path: "./out" }));`);
    const { code, stdout, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^Node "check" refused a row .*position 7\): seven is bad\. The record is: .*onInvalid.*rejected.* \[DF_REJECTED\]\n    at .*\n$/,
    );
    const [, line, column] = /pipeline\.ts:(\d+):(\d+)\)?\n$/.exec(stderr) ?? [];
    const written = readFileSync(join(folder, "pipeline.ts"), "utf8").split("\n")[Number(line) - 1];
    expect(written?.slice(Number(column) - 1)).toMatch(/^new Error\("seven is bad"\)/);
    expect(filesBelow(join(folder, "out")).filter((path) => path.endsWith(".parquet"))).toEqual([]);
  });

  test("a target lies below a file: the message names sink, path and reason", () => {
    const folder = folderWith(`p.from("numbers", numbers).to("out", delta({ path: "./file/out" }));`);
    writeFileSync(join(folder, "file"), "");
    const { code, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/sink "out"/i);
    expect(stderr).toMatch(/file\/out/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("the state directory lies below a file", () => {
    const folder = folderWith(`p.from("numbers", numbers).to("out", delta({ path: "./out" }));`);
    writeFileSync(join(folder, "file"), "");
    const { code, stderr } = dataflow(folder, ["run", "pipeline.ts", "--state-dir", "file/state"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/file\/state\/p cannot be made: .*--state-dir\. \[DF_STATE_DIRECTORY\]\n$/);
  });

  test("no file matches the path of the input", () => {
    const folder = newFolder("no-input");
    const { code, stderr } = dataflow(folder, ["run", orders]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No file matches "input\/\*\.jsonl" in .*--follow\. \[DF_NO_INPUT\]\n$/);
  });

  test("the table is there already with other columns, and keeps its rows", () => {
    const folder = folderWith(`p.from("numbers", numbers).to("out", delta({ path: "./out" }));`);
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    const before = filesBelow(join(folder, "out"));
    const other = folderWith(`
  p.from("numbers", numbers).map({ n: t.string() }, (row) => ({ n: String(row.n) }))
    .to("out", delta({ path: ${JSON.stringify(join(folder, "out"))} }));`);
    const { code, stderr } = dataflow(other, ["run", "pipeline.ts"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Column "n"/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(filesBelow(join(folder, "out"))).toEqual(before);
  });
});

test("exit code 6 says that the pipeline is running already, naming its process and state, and the first goes on", async () => {
  const folder = newFolder("twice");
  writeOrders(folder, "a.jsonl", someOrders(0, 60));
  const first = new Started(startDataflow(folder, ["run", orders], { ORDERS_ROW_MS: "50" }));
  await until("the first process answers", () => existsSync(join(folder, ".dataflow/orders/control.sock")));
  const second = dataflow(folder, ["run", orders]);
  expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 6, stdout: "" });
  expect(second.stderr).toContain(
    `as process ${first.child.pid}, on the state ${join(folder, ".dataflow/orders")}`,
  );
  expect(second.stderr).toMatch(/--state-dir.*\[DF_ALREADY_RUNNING\]\n$/);
  expect(await first.ended()).toMatchObject({ code: 0, stderr: "" });
});

test("--help and --version answer on standard output with exit code 0", () => {
  const folder = newFolder("help");
  mkdirSync(folder, { recursive: true });
  const help = dataflow(folder, ["run", "--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  for (const option of ["--state-dir", "--parallelism", "--drain", "--follow", "--param", "--json"])
    expect(help.stdout).toContain(option);
  const version = dataflow(folder, ["--version"]);
  expect(version).toMatchObject({ code: 0, stderr: "" });
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("a reader of the output that goes away ends the command without a word, as SIGPIPE would", async () => {
  const folder = folderWith(`p.from("numbers", numbers).to("out", delta({ path: "./out" }));`);
  const run = startDataflow(folder, ["run", "pipeline.ts"]);
  run.stdout?.destroy();
  let stderr = "";
  run.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(run, "close")) as [number];
  expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
});
