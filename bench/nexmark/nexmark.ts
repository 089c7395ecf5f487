/**
 * Queries of the Nexmark benchmark from files to files, beside a plain Node program. Each turn is a process of its own,
 * which loads only its side.
 */
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark, Sides } from "../benchmark.ts";
import { generate } from "./generate.ts";

const QUERIES = ["q5", "q7", "q11", "q17", "q18"] as const;
const SIZES = { "200k": 200_000, "2M": 2_000_000 } as const;
const SHORT = new Set(["nexmark/q7 200k"]);

/** Where events are kept from run to run. */
const CACHE = fileURLToPath(new URL("../../.cache/bench/", import.meta.url));

/** The directory of so many events, which are written the first time. */
function eventsIn(count: number): string {
  const folder = `${CACHE}nexmark-${count}`;
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  generate(count, unfinished);
  renameSync(unfinished, folder);
  return folder;
}

function sides(query: string, count: number): Sides {
  const input = eventsIn(count);
  const output = mkdtempSync(join(tmpdir(), "bench-nexmark-"));
  return {
    reference: async () => {
      const { runPlain } = await import("./plain.ts");
      return { units: runPlain(query, input, output) };
    },
    subject: async () => {
      const { runQuery } = await import("./run.ts");
      return { units: (await runQuery(query, input, output)).events };
    },
    close: () => rmSync(output, { recursive: true }),
  };
}

/** Whole runs. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(SIZES).flatMap(([size, count]) =>
  QUERIES.map((query) => {
    const name = `nexmark/${query} ${size}`;
    return { name, unit: "event", short: SHORT.has(name), cold: true, open: () => sides(query, count) };
  }),
);
