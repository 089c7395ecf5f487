import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root, withoutProgress } from "../command.ts";

const ROWS = 20_000;
const lines = Array.from(
  { length: ROWS },
  (_, n) => `{"n":${n},"text":"row ${n} of many, and what it says"}`,
);
const bin = join(root, "packages/cli/bin/dataflow.js");

/** Makes each millisecond of a run some 20 rows long, so that no epoch holds more than the state's database takes. */
const slowly = "if (n % 20 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);";

/** A folder with a megabyte of input, which is delivered when all of it is read; `tap` sees each row. */
function folderWith(tap = "", checkpointEvery = "20ms"): string {
  const folder = newFolder("limits");
  mkdirSync(join(folder, "input"));
  mkdirSync(join(folder, "small"));
  writeFileSync(join(folder, "input/a.jsonl"), `${lines.join("\n")}\n`);
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { existsSync, writeFileSync } from "node:fs";
import { pipeline, t } from "dataflow";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
const Row = t.row({ n: t.int32(), text: t.string() });
export default pipeline("p", { checkpointEvery: "${checkpointEvery}" }, (p) => {
  p.from("rows", files({ path: "input/*.jsonl", decode: json(Row) }))
    .tap(({ n }) => { ${tap} })
    .to("out", filesSink({ path: process.env["OUT"] ?? "./out", format: jsonLines() }), {
      commitEvery: { time: "1h", bytes: 1e9 },
    });
});
`,
  );
  return folder;
}

/** Runs a script of the shell in a folder; in it, "$@" is dataflow run pipeline.ts. */
function shell(folder: string, script: string, ...more: readonly string[]): ReturnType<typeof dataflow> {
  const command = [process.execPath, ...more, bin, "run", "pipeline.ts"];
  const { status, stdout, stderr } = spawnSync("sh", ["-c", script, "sh", ...command], {
    cwd: folder,
    encoding: "utf8",
    timeout: 120_000,
  });
  return { code: status, stdout, stderr: withoutProgress(stderr) };
}

/** Each row of the input must be there once. */
function expectAll(directory: string): void {
  const names = readdirSync(directory).filter((name) => name.startsWith("data-"));
  const shown = names.flatMap((name) => readFileSync(join(directory, name), "utf8").trimEnd().split("\n"));
  expect(shown.toSorted()).toEqual(lines.toSorted());
}

const mountable =
  spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", tmpdir()], { stdio: "ignore" }).status === 0;
const unless = mountable ? "" : " (no file system can be mounted here)";

/** How much an epoch of a run holds. */
interface Paced {
  readonly tap?: string;
  readonly checkpointEvery?: string;
}

test.skipIf(!mountable).each<[string, Paced, string, string, RegExp]>([
  [
    "state",
    { tap: slowly },
    "",
    "--unsafe-state-fs --state-dir small",
    /^The state .*small\/p\/state\.sqlite cannot .*SQLITE_FULL.*room.*\[DF_STATE_IO\]\n$/,
  ],
  [
    "state, with much in one epoch,",
    { checkpointEvery: "1h" },
    "",
    "--unsafe-state-fs --state-dir small",
    /^The state .*small\/p\/state\.sqlite cannot .*ENOSPC.*room.*\[DF_STATE_IO\]\n$/,
  ],
  [
    "table",
    {},
    "OUT=./small/out",
    "",
    /^Sink "out": Could not write .* in ".*small\/out": ENOSPC.*check the disk.*\[DF_STORE_IO\]\n$/,
  ],
])(
  `a run whose %s lies on a disk of one MiB says which file found no room, and ends with 1; with room it goes on to all rows${unless}`,
  (_what, { tap = "", checkpointEvery = "20ms" }: Paced, env, options, says) => {
    const folder = folderWith(tap, checkpointEvery);
    const run = `env ${env} "$@" ${options}`;
    const { code, stdout, stderr } = shell(
      folder,
      `exec unshare -rm sh -c '
        mount -t tmpfs -o size=1m none small
        ${run}; echo "code $?"
        mount -o remount,size=50m small
        ${run} > /dev/null; echo "code $?"
        cp -r small kept' "$0" "$@"`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "code 1\ncode 0\n" });
    expect(stderr).toMatch(says);
    expectAll(env === "" ? join(folder, "out") : join(folder, "kept/out"));
  },
);

test.each<[string, Paced, number, RegExp]>([
  [
    "files",
    { tap: slowly },
    1_000,
    /^The state .*state\.sqlite cannot .*SQLITE_IOERR.*ulimit -f.*\[DF_STATE_IO\]\n$/,
  ],
  [
    "files, with much in one epoch,",
    { checkpointEvery: "1h" },
    1_200,
    /^The state .*state\.sqlite cannot .*EFBIG.*ulimit -f.*\[DF_STATE_IO\]\n$/,
  ],
])(
  "a run whose %s may not grow says which, and ends with 1; without the limit it goes on to all rows",
  (_what, { tap = "", checkpointEvery = "20ms" }, blocks, says) => {
    const folder = folderWith(tap, checkpointEvery);
    const { code, stdout, stderr } = shell(folder, `ulimit -f ${blocks}; exec "$@"`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(says);
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    expectAll(join(folder, "out"));
  },
);

test("a run that may open too few files says so, and leaves no file of the input out", () => {
  const folder = folderWith();
  const said: string[] = [];
  for (const limit of [26, 28, 30, 32, 34]) {
    const { code, stderr } = shell(folder, `ulimit -n ${limit}; exec "$@"`);
    // With fewer than it needs for itself, Node does not even start.
    if (code === null || /Native stack trace|ERR_|node:internal/.test(stderr)) continue;
    said.push(stderr);
    expect(code).toBeOneOf([0, 1, 4]);
    expect(stderr).toMatch(code === 0 ? /^$/ : /ulimit -n|EMFILE/);
  }
  expect(said.filter((words) => /\[DF_\w+\]\n$/.test(words)).length).toBeGreaterThan(0);
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
  expectAll(join(folder, "out"));
});

test("a run that uses all memory it may have ends at once; --restart starts it again, and says what it may have been", () => {
  const hungry = `if (n === 15_000 && !existsSync("./fed")) {
      writeFileSync("./fed", "");
      for (const all = []; ;) all.push(new Array(1000).fill(n));
    }`;
  const folder = folderWith(hungry);
  const { code, stderr } = shell(folder, 'exec "$@" --restart', "--max-old-space-size=80");
  expect(stderr).toMatch(/JavaScript heap out of memory/);
  expect(stderr).toMatch(
    /^The run has failed: it was ended with SIGABRT, .*--max-old-space-size\)\. Starting again/m,
  );
  expect(code).toBe(0);
  expectAll(join(folder, "out"));
});
