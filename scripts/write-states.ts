/**
 * `pnpm write:states`: writes test/fixtures/states/<version>, what this release leaves behind: folders with state,
 * tables and input of the pipeline with every step, at rest and killed, the rest of the input, and the answer.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder, root } from "../test/command.ts";
import { writePart } from "../test/upgrades/every-input.ts";
import { begun, contentHashes, everyStep } from "../test/upgrades/every-run.ts";
import { packed } from "../test/upgrades/packed-folder.ts";

const { version } = JSON.parse(readFileSync(join(root, "packages/dataflow/package.json"), "utf8")) as {
  readonly version: string;
};
// Folders of a run are made below it.
const work = newFolder("write-states");
process.env["TMPDIR"] = work;
const out = join(root, "test/fixtures/states", version);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const pipeline = join(out, "pipeline.ts");
copyFileSync(everyStep, pipeline);

for (const [name, killedAt] of [["at-rest"], ["killed", "intent stored"]] as const) {
  const folder = await begun(pipeline, killedAt);
  mkdirSync(join(folder, "next"));
  writePart(join(folder, "next"), 1);
  writeFileSync(join(out, `${name}.folder.br`), packed(folder));
}
const straight = newFolder("straight");
writePart(straight, 0);
writePart(straight, 1);
writeFileSync(join(out, "answer.json"), `${JSON.stringify(contentHashes(straight, pipeline), null, 2)}\n`);
rmSync(work, { recursive: true });
process.stdout.write(`${out}\n`);
