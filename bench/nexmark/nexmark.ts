/**
 * Queries of the Nexmark benchmark from files to files, beside a plain Node program. Each turn is a process of its own,
 * which loads only its side.
 */
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark, Done, Sides } from "../benchmark.ts";
import { generate } from "./generate.ts";
import type { TargetName } from "./run.ts";

const QUERIES = ["q5", "q7", "q11", "q17", "q18"] as const;
const SIZES = { "200k": 200_000, "2M": 2_000_000 } as const;
/** Append, upsert, and many columns. */
const DELTA_QUERIES = ["q7", "q18", "bronze"] as const;
const SHORT = new Set(["nexmark/q7 200k"]);

/** Where events are kept from run to run. */
const CACHE = fileURLToPath(new URL("../../.cache/bench/", import.meta.url));

/** The directory of so many events, which are written the first time. */
function eventsIn(count: number): string {
  return makeOnce(`${CACHE}nexmark-${count}`, (folder) => generate(count, folder));
}

/** A directory that is there whole or not at all. */
function makeOnce(folder: string, make: (folder: string) => void): string {
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  make(unfinished);
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

/** A query into a Delta table, beside itself into files of CSV. */
function deltaSides(query: string, count: number): Sides {
  const input = eventsIn(count);
  const output = mkdtempSync(join(tmpdir(), "bench-nexmark-"));
  const runInto = async (target: TargetName): Promise<Done> => {
    const { runQuery } = await import("./run.ts");
    return { units: (await runQuery(query, input, output, { target })).events };
  };
  return {
    reference: () => runInto("csv"),
    subject: () => runInto("delta"),
    close: () => rmSync(output, { recursive: true }),
  };
}

/** A query beside itself in other words. */
function renamedSides(query: string, count: number): Sides {
  const input = eventsIn(count);
  const renamed = `${input}-renamed`;
  const output = mkdtempSync(join(tmpdir(), "bench-nexmark-"));
  return {
    reference: async () => {
      const { runQuery } = await import("./run.ts");
      return { units: (await runQuery(query, input, output)).events };
    },
    subject: async () => {
      const [{ renamedProgram }, { runQuery }] = await Promise.all([
        import("./renamed.ts"),
        import("./run.ts"),
      ]);
      return { units: (await runQuery(query, renamed, output, { program: await renamedProgram() })).events };
    },
    close: () => rmSync(output, { recursive: true }),
  };
}

/** A query whose input another thread decodes, beside itself without: what that costs in all. */
function decodedSides(query: string, count: number): Sides {
  const { subject, close } = sides(query, count);
  const input = eventsIn(count);
  const output = mkdtempSync(join(tmpdir(), "bench-nexmark-"));
  return {
    reference: subject,
    subject: async () => {
      const { runQuery } = await import("./run.ts");
      return { units: (await runQuery(query, input, output, { decodeThreads: 1 })).events };
    },
    close: () => {
      close?.();
      rmSync(output, { recursive: true });
    },
  };
}

async function openRenamed(query: string, count: number): Promise<Sides> {
  const { renameEvents } = await import("./renamed.ts");
  makeOnce(`${eventsIn(count)}-renamed`, (folder) => renameEvents(eventsIn(count), folder));
  return renamedSides(query, count);
}

const wholeRun = (name: string, open: Benchmark["open"]): Benchmark => ({
  name: `nexmark/${name}`,
  unit: "event",
  short: SHORT.has(`nexmark/${name}`),
  cold: true,
  open,
});

/** Whole runs. */
export const BENCHMARKS: readonly Benchmark[] = Object.entries(SIZES).flatMap(([size, count]) => [
  ...QUERIES.map((query) => wholeRun(`${query} ${size}`, () => sides(query, count))),
  wholeRun(`q7 renamed ${size}`, () => openRenamed("q7", count)),
  wholeRun(`q7 decode thread ${size}`, () => decodedSides("q7", count)),
  ...(size === "200k" ? DELTA_QUERIES : []).map((query) =>
    wholeRun(`${query} into Delta ${size}`, () => deltaSides(query, count)),
  ),
]);
