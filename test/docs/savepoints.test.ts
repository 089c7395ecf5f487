import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { fencesOf, withoutEpochs } from "./markdown.ts";

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

test("the page on savepoints shows what its commands print", () => {
  const folder = newFolder("savepoints-page");
  mkdirSync(join(folder, "bin"));
  const bin = join(root, "packages/cli/bin/dataflow.js");
  writeFileSync(join(folder, "bin/dataflow"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
  chmodSync(join(folder, "bin/dataflow"), 0o755);
  const fences = fencesOf("docs/savepoints.md");
  const shown = (text: string): string =>
    withoutEpochs(text)
      .trimEnd()
      .replaceAll(/[\d,]+ bytes/g, "some bytes")
      .replaceAll(UUID, "a UUID");
  const [said, printed]: [string[], string[]] = [[], []];
  for (const { language, text } of fences) {
    if (language === "text") said.push(shown(text));
    else if (language === "sh") {
      const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
      const ran = spawnSync("bash", ["--norc", "-c", `exec 2>&1; ${text}`], {
        cwd: folder,
        encoding: "utf8",
        env,
      });
      printed.push(shown(ran.stdout));
    }
  }
  expect(printed).toEqual(said);
  expect(fences.length).toBeGreaterThan(3);
});

test("the pipeline of the page on savepoints that keeps a history is one", () => {
  const folder = newFolder("savepoints-page");
  const programs = fencesOf("docs/savepoints.md").filter(({ language }) => language === "ts");
  for (const { text } of programs) {
    writeFileSync(join(folder, "history.ts"), text);
    expect(dataflow(folder, ["plan", "history.ts"])).toMatchObject({ code: 0, stderr: "" });
  }
  expect(programs).toHaveLength(1);
});
