import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Reporter, TestModule } from "vitest/node";

/** Leaves the numbers of a run in `.cache/vitest.json`, for the closing line of `scripts/test.ts`. */
export default class Counts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== "pending") counts[state]++;
      }
    }
    const folder = fileURLToPath(new URL("../.cache", import.meta.url));
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/vitest.json`, JSON.stringify(counts));
  }
}
