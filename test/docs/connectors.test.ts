import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { fencesOf } from "./markdown.ts";

const READMES = ["inbox", "iterables", "rxjs"].map((folder) => `packages/connectors/src/${folder}/README.md`);

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

test.each(READMES)("the pipeline of %s gives the rows that stand below it", (readme) => {
  const [code, rows, ...others] = fencesOf(readme);
  expect([code?.language, rows?.language, others]).toEqual(["ts", "jsonl", []]);
  const folder = newFolder("readme");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "node_modules/rxjs"), join(folder, "node_modules/rxjs"));
  writeFileSync(join(folder, "pipeline.ts"), code?.text ?? "");
  const config = { extends: join(root, "packages/cli/pipeline.tsconfig.json") };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const typed = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
  expect([typed.status, String(typed.stdout)]).toEqual([0, ""]);
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0 });
  const names = readdirSync(join(folder, "out")).filter((name) => name.startsWith("data-"));
  const shown = names.flatMap((name) => linesOf(readFileSync(join(folder, "out", name), "utf8")));
  expect(shown).toEqual(linesOf(rows?.text ?? ""));
});
