import { spawn, spawnSync } from "node:child_process";
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { dataflow, newFolder, root, type Ended } from "../command.ts";
import { someOrders, writeOrders } from "../cli/order-lines.ts";
import { Started, until, windowsIn } from "../cli/started.ts";

const OLD_NODE = "/usr/bin/node";
const oldVersion = spawnSync(OLD_NODE, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "";
const isOld = /^v(?:1\d|20|21)\./.test(oldVersion);

const orders = join(root, "test/cli/orders.ts");
const bin = join(root, "packages/cli/bin");

/** What an older Node runs; any Node can. */
const module = JSON.stringify(pathToFileURL(join(bin, "newer-node.js")).href);

/** The command without the workspace around it, on a machine without npm. */
function withoutNpm(cache: string): Ended {
  const folder = newFolder("without-npm");
  cpSync(bin, join(folder, "bin"), { recursive: true });
  cpSync(join(root, "packages/cli/package.json"), join(folder, "package.json"));
  const script = `await (await import("./bin/newer-node.js")).runInNewerNode();`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: join(folder, "nothing"), XDG_CACHE_HOME: cache },
  });
  return { code: status, stdout, stderr };
}

test.skipIf(!isOld)(
  `in a checkout an old Node runs the command with the Node of the workspace${isOld ? ` (${oldVersion})` : ` (no old Node at ${OLD_NODE})`}`,
  () => {
    const { status, stdout, stderr } = spawnSync(OLD_NODE, [join(bin, "dataflow.js"), "--version"], {
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
  },
);

test("where no newer Node can be had, the command says which one it needs, and leaves nothing behind", () => {
  const cache = newFolder("cache");
  const { code, stdout, stderr } = withoutNpm(cache);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.split("\n")).toEqual([
    expect.stringMatching(
      /^dataflow needs Node 22\.18 or newer; this is .*\. Fetching Node 26\.10\.0 into .*, once\.$/,
    ),
    expect.stringMatching(/^dataflow needs Node 22\.18 or newer; this is [\d.]+ \(.*\)\.$/),
    expect.stringMatching(/^npm could not fetch it: .*ENOENT\.$/),
    "Install Node 24 from https://nodejs.org and run it again.",
    "",
  ]);
  expect(readdirSync(join(cache, "dataflow"))).toEqual([]);
});

test("a cache that cannot be written is named", () => {
  const cache = join(newFolder("cache"), "file");
  writeFileSync(cache, "");
  const { code, stderr } = withoutNpm(cache);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(`Nothing can be written to ${join(cache, "dataflow")}: ENOTDIR`),
  ]);
});

/** A run that follows its input, started as an old Node starts it, once it has read a row. */
async function following(): Promise<{ readonly folder: string; readonly run: Started }> {
  const folder = newFolder("newer");
  writeOrders(folder, "a.jsonl", someOrders(0, 1));
  const start = join(folder, "start.mjs");
  writeFileSync(start, `import { runInNewerNode } from ${module}; await runInNewerNode();\n`);
  const run = new Started(spawn(process.execPath, [start, "run", orders, "--follow"], { cwd: folder }));
  await until("a row is read", async () => (await windowsIn(folder)).rowsIn === 1);
  return { folder, run };
}

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)(
  "%s stops the run in the newer Node cleanly, and its exit code is the command's",
  async (signal, code) => {
    const { run } = await following();
    const stdout = expect.stringContaining("orders: stopped. 1 row read") as string;
    expect(await run.stop(signal)).toEqual({ code, stdout, stderr: "" });
  },
);

test("when the command is killed, so is the run in the newer Node, and the next run goes on", async () => {
  const { folder, run } = await following();
  expect(await run.stop("SIGKILL")).toEqual({ code: null, stdout: "", stderr: "" });
  writeOrders(folder, "a.jsonl", someOrders(1, 3));
  const next = dataflow(folder, ["run", orders]);
  expect(next).toMatchObject({ code: 0, stderr: "" });
  expect(next.stdout).toMatch(/^ {2}bronze( .*)? 3 /m);
});
