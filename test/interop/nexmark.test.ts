import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { newFolder, root } from "../command.ts";
import { missingReaders, python } from "../outside-readers.ts";

const EVENTS = "30000";
const input = newFolder("nexmark");

function node(script: string, ...given: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...given], {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trimEnd() : stderr;
}

describe.skipIf(missingReaders !== undefined)(
  `DuckDB gives the same answer (${missingReaders ?? "found"})`,
  () => {
    beforeAll(() => {
      node("bench/nexmark/generate.ts", EVENTS, input);
    });

    test.each(["q1", "q5", "q7", "q8", "q11", "q17", "q18"])("to Nexmark %s", (query) => {
      const output = newFolder(query);
      expect(node("bench/nexmark/run.ts", query, input, output)).toMatch(
        /^30000 events, \d+ epochs, \d+ commits$/,
      );
      expect(python("bench/nexmark/check.py", query, input, output)).toEqual([
        expect.stringMatching(/^equal, [1-9]\d* rows$/),
      ]);
    });

    test.each(["bronze", "q5", "q7", "q18"])("to Nexmark %s from a Delta table", (query) => {
      const output = newFolder(query);
      node("bench/nexmark/run.ts", query, input, output, "--target", "delta");
      expect(python("bench/nexmark/check.py", query, input, output)).toEqual([
        expect.stringMatching(/^equal, [1-9]\d* rows$/),
      ]);
    });
  },
);
