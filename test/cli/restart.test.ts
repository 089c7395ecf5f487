import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { askStatus } from "@df/core/runtime/control-socket";
import { dataflow, newFolder, startDataflow } from "../command.ts";
import { Started, until } from "./started.ts";

const ROWS = 200;
const all = Array.from({ length: ROWS }, (_, n) => `{"n":${n}}`);

/** A folder with input and a pipeline that takes its time; `tap` sees each row. */
function folderWith(tap: string): string {
  const folder = newFolder("restart");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "input/a.jsonl"), `${all.join("\n")}\n`);
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { existsSync, writeFileSync } from "node:fs";
import { pipeline, t } from "dataflow";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
const pauses = new Int32Array(new SharedArrayBuffer(4));
const pause = (ms: number) => Atomics.wait(pauses, 0, 0, ms);
export default pipeline("p", { checkpointEvery: "20ms", batchRows: 5 }, (p) => {
  p.from("rows", files({ path: "input/*.jsonl", decode: json(t.row({ n: t.int32() })) }))
    .tap(({ n }) => { ${tap} })
    .to("out", filesSink({ path: "./out", format: jsonLines() }), { commitEvery: { time: "50ms", bytes: 1e6 } });
});
`,
  );
  return folder;
}

/** The lines that the sink has shown, in the order of the input. */
function shownIn(folder: string): string[] {
  const names = readdirSync(join(folder, "out")).filter((name) => name.startsWith("data-"));
  const lines = names.flatMap((name) =>
    readFileSync(join(folder, "out", name), "utf8")
      .trimEnd()
      .split("\n"),
  );
  return lines.toSorted((a, b) => all.indexOf(a) - all.indexOf(b));
}

/** The process that does the work, once it has stored something. */
async function workerOf(folder: string): Promise<number> {
  let pid = 0;
  await until("the run has stored an epoch", async () => {
    const answer = await askStatus(join(folder, ".dataflow/p"));
    pid = answer?.pid ?? 0;
    return (answer?.status.epoch ?? 0) > 0;
  });
  return pid;
}

function start(folder: string, ...more: readonly string[]): Started {
  return new Started(startDataflow(folder, ["run", "pipeline.ts", "--restart", ...more]));
}

describe("dataflow run --restart", () => {
  test("goes on after kill -9 of the process that works, shows each row once, and ends as it ends", async () => {
    const folder = folderWith("pause(10);");
    const run = start(folder, "--json");
    const pid = await workerOf(folder);
    expect(pid).not.toBe(run.child.pid);
    process.kill(pid, "SIGKILL");
    const { code, stdout, stderr } = await run.ended();
    expect(stderr).toMatch(/^The run has failed: it was killed with SIGKILL, .* in 1 s; it had got on\.\n$/);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pipeline: "p", ended: "input" });
    expect(shownIn(folder)).toEqual(all);
  });

  test("goes on after an error that nobody caught, and after a promise that nobody waited for", async () => {
    const folder = folderWith(`
      pause(2);
      const first = (what: string) => !existsSync(what) && (writeFileSync(what, ""), true);
      if (n === 60 && first("./thrown")) setImmediate(() => { throw new TypeError("a bad day"); });
      if (n === 140 && first("./rejected")) void Promise.reject(new TypeError("a broken promise"));`);
    const { code, stderr } = await start(folder).ended();
    expect([code, shownIn(folder)]).toEqual([0, all]);
    expect(stderr).toMatch(/^TypeError: a bad day\n[^]*\nThe run has failed\. Starting again in 1 s;/);
    expect(stderr).toMatch(
      /\nTypeError: a broken promise\n[^]*\nThe run has failed\. Starting again in 2 s;/,
    );
  });

  test("goes on once a target can be written again", async () => {
    const folder = folderWith("");
    writeFileSync(join(folder, "out"), "in the way");
    const run = start(folder);
    await until("it has failed", () => run.stderr.includes("Starting again in 1 s"));
    rmSync(join(folder, "out"));
    const { code, stderr } = await run.ended();
    expect(stderr).toMatch(/^Sink "out": .*\[DF_STORE_IO\]\nThe run has failed\. .*failure 1 of at/);
    expect([code, shownIn(folder)]).toEqual([0, all]);
  });

  test("goes on after an iterable that throws, and after a callback that throws", async () => {
    const folder = newFolder("restart");
    writeFileSync(
      join(folder, "pipeline.ts"),
      `import { existsSync, writeFileSync } from "node:fs";
import { pipeline, t } from "dataflow";
import { callback } from "dataflow/callback";
import { fromIterable } from "dataflow/iterables";
import { inbox } from "dataflow/inbox";
const Row = t.row({ n: t.int32() });
const first = (what: string) => !existsSync(what) && (writeFileSync(what, ""), true);
async function* rows() {
  yield { n: 1 };
  if (first("./source")) throw new Error("the link is down");
  yield { n: 2 };
}
export default pipeline("p", (p) => {
  p.from("rows", inbox(fromIterable(Row, rows), { path: "./in.inbox", id: "n" })).to(
    "told",
    callback<t.infer<typeof Row>>((changes) => {
      if (first("./sink")) throw new Error("no mail");
      console.log(changes.map(({ after }) => after?.n).join());
    }),
  );
});
`,
    );
    const { code, stdout, stderr } = await start(folder).ended();
    expect(code).toBe(0);
    expect(stdout.match(/^[\d,]+$/gm)?.join()).toBe("1,2");
    expect(stderr).toMatch(
      /the link is down.*\n {4}at .*pipeline\.ts:10:.*\nThe run has failed\. Starting again/,
    );
    expect(stderr).toMatch(/no mail\..*\n {4}at .*pipeline\.ts:17:.*\nThe run has failed\. Starting again/);
  });

  test.each([
    ["a row that nothing takes", 'if (n === 7) throw new Error("seven is bad");', [], 1, "DF_REJECTED"],
    ["a wrong option", "", ["--param", "x=1"], 2, "DF_PARAM"],
  ] as const)("does not try %s again", async (_what, tap, more, exit, says) => {
    const { code, stdout, stderr } = await start(folderWith(tap), ...more).ended();
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain("Starting again");
  });

  test("passes SIGTERM on, ends cleanly with its code and delivers what was read", async () => {
    const folder = folderWith("pause(10);");
    const run = start(folder, "--json");
    await workerOf(folder);
    const { code, stdout, stderr } = await run.stop("SIGTERM");
    expect({ code, stderr }).toEqual({ code: 143, stderr: "" });
    const { rowsRead } = JSON.parse(stdout) as { readonly rowsRead: number };
    expect(shownIn(folder)).toEqual(all.slice(0, rowsRead));
  });

  test("ends at once when it is stopped in a pause", async () => {
    const folder = folderWith("");
    writeFileSync(join(folder, "out"), "in the way");
    const run = start(folder);
    await until("it pauses for the third time", () => run.stderr.includes("Starting again in 4 s"));
    const before = performance.now();
    expect(await run.stop("SIGINT")).toMatchObject({ code: 130, stdout: "" });
    expect(performance.now() - before).toBeLessThan(3_500);
  });

  test("takes the process that works with it when it is killed: the state is free", async () => {
    const folder = folderWith("pause(10);");
    const run = start(folder);
    const pid = await workerOf(folder);
    await run.stop("SIGKILL");
    await until("the process that works has gone", () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    expect(shownIn(folder)).toEqual(all);
  });
});

test.each([
  ["an error that nobody caught", 'setImmediate(() => { throw new TypeError("a bad day"); });'],
  ["a promise that nobody waited for", 'void Promise.reject(new TypeError("a bad day"));'],
])(
  "without --restart %s ends the process with code 1 and its place, and the next run goes on",
  (_what, fails) => {
    const folder = folderWith(`pause(2); if (n === 100 && process.env["FAILS"]) { ${fails} }`);
    const { code, stdout, stderr } = dataflow(folder, ["run", "pipeline.ts"], { FAILS: "1" });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^TypeError: a bad day\n {4}at .*pipeline\.ts:9:/);
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    expect(shownIn(folder)).toEqual(all);
  },
);
