import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TestScreen } from "../../packages/cli/src/terminal/test-screen.testing.ts";
import { newFolder, root } from "../command.ts";

const bin = join(root, "packages/cli/bin/dataflow.js");
const hasPython = process.platform !== "win32" && spawnSync("python3", ["--version"]).status === 0;
const [escape, start] = [String.fromCharCode(27), Date.UTC(2026, 0, 1)];
const moved = `${escape}[J`;
const colors = new RegExp(`${escape}\\[[0-9;]*m`);

type Step = { readonly after: string } & (
  | { readonly signal: string }
  | { readonly file: string; readonly text: string }
);

/** A folder with a pipeline that says on standard output which rows it reads, and one file of its input. */
function folderWith(...lines: readonly string[]): string {
  const folder = newFolder("terminal");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "input/a.jsonl"), lines.join(""));
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { pipeline, t, tumbling } from "dataflow";
     import { files, filesSink, jsonLines } from "dataflow/files";
     import { json } from "dataflow/json";
     const Row = t.row({ key: t.string(), at: t.timestamp({ json: "ms" }) });
     export default pipeline("shown", { checkpointEvery: "50ms" }, (p) => {
       p.from("rows", files({ path: "input/*.jsonl", decode: json(Row) }), { eventTime: "at", maxOutOfOrderness: "0s" })
         .tap((row) => console.log("read", row.key))
         .keyBy("key")
         .window(tumbling("1h"))
         .aggregate("hourly", (a) => ({ rows: a.count() }))
         .to("out", filesSink({ path: "out", format: jsonLines() }), { commitEvery: { time: "100ms", bytes: 1e6 } });
     });`,
  );
  return folder;
}

function row(key: string, hour: number): string {
  return `${JSON.stringify({ key, at: start + hour * 3_600_000 })}\n`;
}

/** Runs `dataflow` on a terminal: what it was sent, what stands there in the end, and the exit code. */
function inTerminal(
  folder: string,
  given: readonly string[],
  steps: readonly Step[],
  {
    columns = 120,
    rows = 30,
    env = {},
  }: { columns?: number; rows?: number; env?: Readonly<Record<string, string>> } = {},
): { readonly sent: string; readonly stands: string; readonly code: number } {
  const { CI: _, NO_COLOR: __, FORCE_COLOR: ___, ...around } = process.env;
  const ended = spawnSync(
    "python3",
    [
      join(root, "test/cli/in_terminal.py"),
      String(columns),
      String(rows),
      JSON.stringify(steps),
      process.execPath,
      bin,
      ...given,
    ],
    { cwd: folder, encoding: "utf8", env: { ...around, TERM: "xterm-256color", ...env }, timeout: 50_000 },
  );
  const { code, left } = JSON.parse(ended.stderr) as { readonly code: number; readonly left: unknown };
  expect(left).toEqual([]);
  const screen = new TestScreen(columns, rows);
  screen.write(ended.stdout);
  return { sent: ended.stdout, stands: screen.text(), code };
}

const follow = ["run", "pipeline.ts", "--follow"];
const stop: Step = { after: "hourly: 1 window", signal: "SIGINT" };

describe.skipIf(!hasPython)(`a run on a terminal${hasPython ? "" : " (no python3 on this machine)"}`, () => {
  test("shows what each node does and waits for, and leaves nothing but the report and what the pipeline printed", () => {
    const folder = folderWith(row("a", 0.5));
    const { sent, stands, code } = inTerminal(folder, follow, [stop]);
    expect(code).toBe(130);
    expect(sent).toContain(moved);
    expect(sent).toMatch(/node +in +rows\/s +clock +behind now +held/);
    expect(sent).toContain(
      'hourly: 1 window, wait for a row of 2026-01-01T01:00:00.000Z in split "a.jsonl" of "rows"',
    );
    expect(stands).toMatch(/^read a\nshown: stopped\. 1 row read, epoch \d+, identical results\.\n {2}sink /);
    expect(stands.split("\n").filter((line) => line.includes("rows/s"))).toEqual([]);
  });

  test("lets whatever is printed meanwhile stand above, whole: lines of the pipeline and of the log", () => {
    const folder = folderWith(row("a", 0.5));
    const file = join(folder, "input/a.jsonl");
    const steps: Step[] = [
      { after: "hourly: 1 window", file, text: row("b", 1.5) },
      { after: "read b", file, text: row("c", 2.5) },
      { after: "read c", file, text: row("d", 3.5) },
      { after: "read d", signal: "SIGTERM" },
    ];
    const { stands, code } = inTerminal(folder, follow, steps, {
      columns: 250,
      env: { DATAFLOW_LOG: "info" },
    });
    expect(code).toBe(143);
    const lines = stands.split("\n");
    const report = lines.findIndex((line) => line.startsWith("shown: stopped"));
    const before = lines.slice(0, report);
    expect(before.filter((line) => line.startsWith("read "))).toEqual([
      "read a",
      "read b",
      "read c",
      "read d",
    ]);
    const logged = before.filter((line) => !line.startsWith("read "));
    const rows = logged.map((line) => (JSON.parse(line) as { readonly rows: number }).rows);
    expect(rows.reduce((sum, delivered) => sum + delivered, 0)).toBe(3);
  });

  test("leaves nothing but the message when it fails, and nothing at all when it is stopped twice", () => {
    const folder = folderWith(row("a", 0.5));
    const file = join(folder, "input/a.jsonl");
    const failed = inTerminal(folder, follow, [{ after: "hourly: 1 window", file, text: "no row\n" }]);
    expect(failed.code).toBe(1);
    expect(failed.stands).toMatch(/^read a\nNode "rows" refused a row[^]*\[DF_REJECTED\]$/);
    const thrown = folderWith(row("a", 0.5));
    const paused = { env: { DATAFLOW_PAUSE_MS: "60000" } };
    const twice: Step[] = [stop, stop];
    const { stands, code } = inTerminal(thrown, follow, twice, paused);
    expect([code, stands.replaceAll(/^step: .*\n?/gm, "").trimEnd()]).toEqual([130, "read a"]);
  });

  test("keeps within a small terminal, whatever its nodes and splits are called", () => {
    const folder = folderWith(row("a", 0.5));
    writeFileSync(join(folder, `input/${escape}[2J 数据 ${"long".repeat(20)}.jsonl`), row("b", 0.2));
    const small = { columns: 34, rows: 5 };
    const { sent, stands } = inTerminal(folder, follow, [{ ...stop, after: "hourly: 2 windows" }], small);
    expect(sent).not.toContain(`${escape}[2J`);
    const [first = "", second = "", third = ""] = stands.split("\n");
    expect([first, second].toSorted()).toEqual(["read a", "read b"]);
    expect(third).toMatch(/^shown: stopped\. 2 rows read/);
  });

  test("has colours where they are wanted, and plain lines where nobody looks", () => {
    const run = (env: Readonly<Record<string, string>>, after = "hourly: 1 window"): string =>
      inTerminal(folderWith(row("a", 0.5)), follow, [{ after, signal: "SIGINT" }], { env }).sent;
    expect(run({})).toMatch(colors);
    const without = run({ NO_COLOR: "1" });
    expect(without).toContain(moved);
    expect(without).not.toMatch(colors);
    expect(run({ TERM: "unknown", FORCE_COLOR: "1" })).toMatch(colors);
    for (const env of [{ CI: "1" }, { TERM: "dumb" }]) expect(run(env, "read a")).not.toContain(escape);
    expect(run({ CI: "false" })).toContain(moved);
  });
});
