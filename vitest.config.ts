import { defineConfig } from "vitest/config";
import LongFirst from "./test/long-first.ts";

/** For what hangs: where other programs have the cores, a test or hook takes ten times as long as by itself. */
const testTimeout = 300_000;

export default defineConfig({
  test: {
    globalSetup: "test/temporary-folder.ts",
    // Two more than the cores of a small machine: one waits for the simulation, which has what others leave, and many
    // tests wait for processes that they have started.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // Files share a worker, and what they import is loaded once: a worker of its own took each of them 0.3 s.
    isolate: false,
    projects: [
      {
        test: {
          name: "packages",
          include: ["packages/*/src/**/*.test.ts"],
          testTimeout,
          hookTimeout: testTimeout,
        },
      },
      { test: { name: "system", include: ["test/**/*.test.ts"], testTimeout, hookTimeout: testTimeout } },
    ],
  },
});
