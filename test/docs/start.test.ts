import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { readersPython } from "../../scripts/readers.ts";
import { newFolder, root } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { fencesOf, withoutEpochs } from "./markdown.ts";

const readers = readersPython();
const parent = newFolder("start");
const folder = join(parent, "sensors");
const fences = fencesOf("docs/start.md");

/**
 * Runs commands in a shell that has `dataflow`, and the Python of the outside readers where there is one. Bash takes a
 * socket at its input for a login from elsewhere, and would read what puts another Python first.
 */
function shell(directory: string, script: string): string {
  const path = [join(parent, "bin"), "python" in readers ? dirname(readers.python) : "", process.env["PATH"]];
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-e", "-c", script], {
    cwd: directory,
    encoding: "utf8",
    env: { ...process.env, PATH: path.join(":"), npm_command: "", npm_lifecycle_event: undefined },
  });
  return `${stderr}${stdout}`;
}

/** Without what depends on the place of the folder, and on the machine's pace. */
function shown(text: string): string {
  return withoutEpochs(text.replaceAll(parent, "").trimEnd());
}

test.skipIf(missingReaders !== undefined)(
  "the page of the first five minutes shows what its commands print, edit and late rows included",
  () => {
    mkdirSync(join(parent, "bin"));
    const bin = join(root, "packages/cli/bin/dataflow.js");
    writeFileSync(join(parent, "bin/dataflow"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
    chmodSync(join(parent, "bin/dataflow"), 0o755);
    const [said, seen]: [string[], string[]] = [[], []];
    let [printed, steps] = ["", 0];
    for (const { language, text } of fences) {
      if (language === "sh") printed = shell(steps++ === 0 ? parent : folder, text);
      else if (language === "ts") {
        const pipeline = readFileSync(join(folder, "pipeline.ts"), "utf8");
        writeFileSync(join(folder, "pipeline.ts"), pipeline.replace(/\}\);\n$/, `${text}});\n`));
      } else {
        said.push(shown(text));
        seen.push(shown(printed));
      }
    }
    expect(seen).toEqual(said);
    expect(steps).toBe(6);
  },
);
