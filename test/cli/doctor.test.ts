import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";

interface Finding {
  readonly check: string;
  readonly level: string;
}

test("dataflow doctor says of each thing how it is, in lines and in JSON, and ends with 1 where there is a problem", () => {
  const folder = newFolder("doctor");
  writeFileSync(join(folder, "file"), "");
  const { stdout, stderr } = dataflow(folder, ["doctor"]);
  expect(stderr).toBe("");
  expect(stdout).toMatch(
    /^(ok {5}|warning) {2}sqlite +SQLite \d+\.\d+\.\d+, exclusive, WAL, synchronous=FULL; /m,
  );
  expect(stdout).toMatch(/^ok {7}tables +fsync, rename and put if absent work$/m);
  const bad = dataflow(folder, ["doctor", "--state-dir", "file/state"]);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(
    /^problem {2}state directory +nothing can be written to .*\n {30}Give this user/m,
  );
  const json = dataflow(folder, ["doctor", "--state-dir", "file/state", "--json"]);
  expect(json.code).toBe(1);
  const findings = JSON.parse(json.stdout) as Finding[];
  expect(findings.filter(({ level }) => level === "problem").map(({ check }) => check)).toEqual([
    "state directory",
  ]);
});
