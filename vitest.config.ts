import { defineConfig } from "vitest/config";

const testTimeout = 60_000;

export default defineConfig({
  test: {
    globalSetup: "test/temporary-folder.ts",
    // One more than the cores of a small machine: many tests wait for processes that they have started.
    maxWorkers: 3,
    // Files share a worker, and what they import is loaded once: a worker of its own took each of them 0.3 s.
    isolate: false,
    projects: [
      {
        test: {
          name: "packages",
          include: ["packages/*/src/**/*.test.ts"],
          testTimeout,
        },
      },
      { test: { name: "system", include: ["test/**/*.test.ts"], testTimeout } },
    ],
  },
});
