/**
 * Counting in a state table that is half as large as its budget, twice and ten times as large, beside the same table in
 * memory: uniform keys, which are the worst there is, and skewed ones, as most keys are. Rows of 8 words; the scratch
 * file lies where temporary files do, mostly in the page cache of the system: a disk is slower.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BATCH_ROWS_MAX, type StateTable } from "@df/core";
import { openScratchFile } from "@df/core/checkpoint/scratch-file";
import { StateBudget } from "@df/core/state/state-budget";
import { MemoryStateStore } from "@df/core/state/store";
import { warm, type Benchmark, type Sides } from "../benchmark.ts";
import { keysOf, scattered, schemaOfKey } from "./keys.ts";
import { count } from "./table.ts";

const KEYS = 1_000_000;
const UPDATES = 200_000;
const ROW_BYTES = 64;
const ids = new Int32Array(BATCH_ROWS_MAX);
const fresh = new Int32Array(BATCH_ROWS_MAX);

/** How keys are drawn. */
const DRAWN = {
  uniform: scattered(KEYS),
  /** The r-th of them comes 1 / r as often as the first (Zipf's law), and lies anywhere among the others. */
  zipf: (i: number): number => {
    const rank = Math.floor(KEYS ** (scattered(2 ** 31)(i) / 2 ** 31));
    return (rank * 7_368_787) % KEYS;
  },
} as const;

/** A table of all keys; `times` is how many times as large as its budget it is, undefined for one without. */
function tableOf(times: number | undefined, folder: string): { table: StateTable; settle: () => void } {
  const scratch = (): ReturnType<typeof openScratchFile> => openScratchFile(folder);
  const limitBytes = (KEYS * ROW_BYTES) / (times ?? 1);
  const budget =
    times === undefined ? undefined : new StateBudget({ limitBytes, indexBytesMax: 2 ** 32, scratch });
  const table = new MemoryStateStore({ seed: 1, budget }).table("bench", {
    key: schemaOfKey("int64"),
    value: [{ name: "count", words: ROW_BYTES / 8 - 1 }],
  });
  const settle = (): void => budget?.settle();
  for (const keys of keysOf("int64", KEYS, (i) => i)) {
    table.insert(keys, 0, ids, fresh);
    settle();
  }
  return { table, settle };
}

function spilling(times: number, drawn: keyof typeof DRAWN): Sides {
  const folder = mkdtempSync(join(tmpdir(), "spill-"));
  const batches = keysOf("int64", UPDATES, DRAWN[drawn]);
  const side = (of: number | undefined) => {
    const { table, settle } = tableOf(of, folder);
    return () => {
      for (const keys of batches) {
        count(table, keys);
        settle();
      }
      return { units: UPDATES, made: table.size };
    };
  };
  return {
    reference: side(undefined),
    subject: side(times),
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** Half of the budget, twice and ten times it. */
export const SPILLS: readonly Benchmark[] = ([0.5, 2, 10] as const).flatMap((times) =>
  (["uniform", "zipf"] as const).map((drawn) =>
    warm(`state/spill ${times} ${drawn}`, "row", () => spilling(times, drawn)),
  ),
);
