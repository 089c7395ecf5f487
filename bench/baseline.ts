/** The stored result of each benchmark, and how a new one is judged beside it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import type { Measured } from "./rounds.ts";

/** A ratio this many times that of the baseline is a failure; what is less may be noise of a machine. */
export const GROWTH_MAX = 3;

/** A stored result, and where and when it was measured. */
export interface Stored extends Measured {
  readonly date: string;
  readonly node: string;
  readonly machine: string;
}

/** Stored results by the name of their benchmark. */
export type Baseline = Readonly<Record<string, Stored>>;

/** The file of the repository. */
export const BASELINE_FILE: URL = new URL("baseline.json", import.meta.url);

/** The stored results; none where the file is not there. */
export function readBaseline(file: URL | string = BASELINE_FILE): Baseline {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Baseline) : {};
}

/** Puts new results beside those of other benchmarks that are stored already. */
export function saveBaseline(
  measured: ReadonlyMap<string, Measured>,
  now: Date,
  file: URL | string = BASELINE_FILE,
): void {
  const where = {
    date: now.toISOString().slice(0, 10),
    node: process.versions.node,
    machine: `${process.platform}-${process.arch}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "CPU"}`,
  };
  const all: Record<string, Stored> = { ...readBaseline(file) };
  for (const [name, { subjectNanos, referenceNanos, ratio }] of measured) {
    all[name] = {
      ratio: rounded(ratio),
      subjectNanos: rounded(subjectNanos),
      referenceNanos: rounded(referenceNanos),
      ...where,
    };
  }
  const sorted = Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}

/** Three digits: more is noise, and would change with every save. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** How many times the ratio is that of the baseline; undefined where none is stored. */
export function growthOf(measured: Measured, stored: Stored | undefined): number | undefined {
  return stored === undefined ? undefined : measured.ratio / stored.ratio;
}

/** Whether a benchmark fails: only where its ratio is more than `GROWTH_MAX` times the stored one. */
export function hasFailed(measured: Measured, stored: Stored | undefined): boolean {
  return (growthOf(measured, stored) ?? 0) > GROWTH_MAX;
}
