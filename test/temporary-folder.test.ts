import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder, root } from "./command.ts";
import { shortEnough } from "./temporary-folder.ts";

/** A process that begins a test run below a directory, leaves a file there and ends with an exit code. */
function testRun(base: string, exitCode: number, file: string = "left"): string {
  const code = `
    import { writeFileSync } from "node:fs";
    import { tmpdir } from "node:os";
    import { begin } from "./test/temporary-folder.ts";
    const end = begin(${JSON.stringify(base)});
    if ("${file}" !== "") writeFileSync(tmpdir() + "/${file}", "");
    process.exitCode = ${exitCode};
    await end();`;
  const given = ["--input-type=module", "-e", code];
  return spawnSync(process.execPath, given, { cwd: root, encoding: "utf8" }).stderr;
}

test("tests and the processes they start write into the folder of this run", () => {
  const asked = "process.stdout.write(os.tmpdir())";
  expect(basename(tmpdir())).toMatch(/^df-/);
  expect(dirname(newFolder("here"))).toBe(tmpdir());
  expect(spawnSync(process.execPath, ["-e", asked], { encoding: "utf8" }).stdout).toBe(tmpdir());
});

// What these runs leave lies in the folder of this run, so nothing is removed here.
describe("the folder of a test run", () => {
  test("is gone with all that lay in it when every test has passed", () => {
    const base = newFolder("passed");
    expect(testRun(base, 0)).toBe("");
    expect(readdirSync(base)).toEqual([]);
  });

  test("is kept when a test has failed, and its path is said", () => {
    const base = newFolder("failed");
    const said = testRun(base, 1);
    const [folder = "none"] = readdirSync(base);
    expect(said).toContain(`is kept in ${base}`);
    expect(said.trimEnd().endsWith(folder)).toBe(true);
    expect(readdirSync(`${base}/${folder}`)).toEqual(["left"]);
  });

  test("is gone after a failure too, if nothing was written", () => {
    const base = newFolder("empty");
    expect(testRun(base, 1, "")).toBe("");
    expect(readdirSync(base)).toEqual([]);
  });

  test.skipIf(process.platform === "win32")("has a short path, so that sockets fit below it", () => {
    expect(shortEnough("/var/tmp")).toBe("/var/tmp");
    expect(shortEnough(`/${"x".repeat(48)}`)).toBe("/tmp");
  });
});
