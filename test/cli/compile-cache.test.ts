import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { someOrders, writeOrders } from "./order-lines.ts";
import { Started, statusIn, until } from "./started.ts";

/** As for a user whom the system does not know, and whose environment has no HOME. */
const HOMELESS = `
import os from "node:os";
import { syncBuiltinESMExports } from "node:module";
os.homedir = () => { throw new Error("uv_os_homedir returned ENOENT"); };
syncBuiltinESMExports();`;

const orders = join(root, "test/cli/orders.ts");
const own = { NODE_COMPILE_CACHE: "", XDG_CACHE_HOME: "" };

describe("the command starts", () => {
  test("where there is no home to keep in what was compiled", () => {
    const folder = newFolder("homeless");
    writeFileSync(join(folder, "homeless.mjs"), HOMELESS);
    const options = `--import=${join(folder, "homeless.mjs")}`;
    expect(dataflow(folder, ["--version"], { ...own, NODE_OPTIONS: options })).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  test("where the home cannot be written to, or is a file", () => {
    const folder = newFolder("home");
    chmodSync(folder, 0o500);
    expect(dataflow("/", ["--version"], { ...own, HOME: folder })).toMatchObject({ code: 0, stderr: "" });
    chmodSync(folder, 0o700);
    writeFileSync(join(folder, "file"), "");
    const ended = dataflow("/", ["--version"], { ...own, HOME: join(folder, "file") });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("and keeps what it compiled in the home", () => {
    const folder = newFolder("home");
    expect(dataflow(folder, ["--version"], { ...own, HOME: folder }).code).toBe(0);
    expect(readdirSync(join(folder, ".cache/dataflow/compiled"))).toHaveLength(1);
  });

  test("and has what a run that was killed has compiled, and its threads what those of an earlier one have", async () => {
    const env = { ...own, HOME: newFolder("home"), NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
    const folder = newFolder("killed");
    writeOrders(folder, "a.jsonl", someOrders(0, 10));
    const killed = new Started(startDataflow(folder, ["run", orders, "--follow"], env));
    await until("it runs", async () => (await statusIn(folder))?.rowsRead === 10);
    await killed.stop("SIGKILL");
    const isFound = (file: string): boolean =>
      dataflow(folder, ["run", orders], env).stderr.includes(`/${file} was accepted`);
    expect(isFound("core/src/index.ts")).toBe(true);
    expect(isFound("state-worker.ts")).toBe(true);
  });
});

/** What V8 tells processes with other flags apart by: it knows no name of a flag that there is not. */
function flagsOf(options: readonly string[], code = ""): string {
  const program = `import v8 from "node:v8"; ${code}; console.log(v8.cachedDataVersionTag());`;
  return spawnSync(process.execPath, [
    ...options,
    "--input-type=module",
    "--eval",
    program,
  ]).stdout.toString();
}

test("heaps are marked when 70 or 90 % of what they may grow is used", () => {
  const module = new URL("../../packages/cli/bin/mark-late.js", import.meta.url).href;
  const given = ["--incremental-marking-soft-trigger=70", "--incremental-marking-hard-trigger=90"];
  const late = flagsOf(given);
  expect(flagsOf([], `await import("${module}")`)).toBe(late);
  expect(flagsOf([])).not.toBe(late);
  expect(flagsOf(given.slice(0, 1))).not.toBe(late);
});
