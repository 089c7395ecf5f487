import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../command.ts";
import { newFolderOnDisk } from "../folder-on-disk.ts";
import { deltaRows, missingReaders } from "../outside-readers.ts";
import { fencesOf } from "./markdown.ts";

const fences = fencesOf("docs/from-code.md");
const programs = fences.flatMap(({ language, text }, index) =>
  language === "ts" ? [{ name: `program ${index / 2 + 1}`, text, output: fences[index + 1]?.text }] : [],
);

/** A folder with a program, and `dataflow` beside it as the page says. */
function folderWith(text: string): string {
  const folder = newFolderOnDisk("from-code");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "packages/dataflow"), join(folder, "node_modules/dataflow"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "shop.ts"), text);
  return folder;
}

test.each(programs)("$name of the page on running from code prints what it shows", ({ text, output }) => {
  const folder = folderWith(text);
  const { stdout, stderr } = spawnSync(process.execPath, ["shop.ts"], { cwd: folder, encoding: "utf8" });
  expect([stdout.split("\n").toSorted(), stderr]).toEqual([(output ?? "").split("\n").toSorted(), ""]);
});

test.each(programs)("$name of the page on running from code compiles", ({ text }) => {
  const folder = folderWith(text);
  const config = { extends: join(root, "packages/cli/pipeline.tsconfig.json") };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect(stdout).toBe("");
});

test.skipIf(missingReaders !== undefined)(
  "the table of the first program has what its reader was told",
  () => {
    const folder = folderWith(programs[0]?.text ?? "");
    spawnSync(process.execPath, ["shop.ts"], { cwd: folder });
    const rows = deltaRows(join(folder, "lake/gold")).map(
      (line) => JSON.parse(line) as { user: string; cents: number },
    );
    expect(rows.map(({ user, cents }) => `${user} ${cents}`).toSorted()).toEqual([
      "ann 1990",
      "ann 700",
      "bob 500",
    ]);
  },
);
