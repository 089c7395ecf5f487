import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { addPackage } from "../../scripts/release/assemble.ts";
import { newFolder } from "../command.ts";

let folder = "";

beforeEach(() => {
  folder = newFolder("assemble");
  write("src/run/run.ts", "");
  write("dist/run/run.js", 'import { t } from "@df/core";\n');
  write("dist/run/run.d.ts", "export {};\n");
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** The files of the published package, with their texts. */
function added(): Record<string, string> {
  const out = newFolder("published");
  addPackage(folder, "cli", out);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(out.length + 1), readFileSync(path, "utf8")];
    }),
  );
}

test("sources come compiled, without tests; what lies among them or in a folder beside them comes as it is", () => {
  write("src/run/run.test.ts", "");
  write("dist/old.js", "left by a source that is gone");
  write("src/words.txt", "words");
  write("template/pipeline.ts", "a pipeline");
  write("bin/dataflow.js", "put elsewhere");
  expect(added()).toEqual({
    "cli/src/run/run.js": 'import { t } from "../../../core/src/index.js";\n',
    "cli/src/run/run.d.ts": "export {};\n",
    "cli/src/words.txt": "words",
    "cli/template/pipeline.ts": "a pipeline",
  });
});

test("a source that the build left out is an error", () => {
  rmSync(join(folder, "dist/run/run.d.ts"));
  expect(added).toThrow(/^tsc -b has not made .*run\.d\.ts/);
});
