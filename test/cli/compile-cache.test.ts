import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";

/** As for a user whom the system does not know, and whose environment has no HOME. */
const HOMELESS = `
import os from "node:os";
import { syncBuiltinESMExports } from "node:module";
os.homedir = () => { throw new Error("uv_os_homedir returned ENOENT"); };
syncBuiltinESMExports();`;

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
});
