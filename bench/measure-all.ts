/** One benchmark after the other, each judged beside its baseline. */
import { hasFailed, type Baseline } from "./baseline.ts";
import type { Benchmark } from "./benchmark.ts";
import type { Measured } from "./rounds.ts";
import { benchmarkLine, headLine } from "./table.ts";

/** What the benchmarks are measured and shown with. */
export interface Means {
  readonly measure: (benchmark: Benchmark) => Promise<Measured>;
  readonly baseline: Baseline;
  readonly print: (line: string) => void;
}

/** What was found, by name, and whether a benchmark failed. */
export interface Found {
  readonly measured: ReadonlyMap<string, Measured>;
  readonly failed: boolean;
}

/** Measures them all and prints the table. One that fails is measured once more: noise seldom comes twice. */
export async function measureAll(
  benchmarks: readonly Benchmark[],
  { measure, baseline, print }: Means,
): Promise<Found> {
  const measured = new Map<string, Measured>();
  let failed = false;
  print(headLine());
  for (const benchmark of benchmarks) {
    const stored = baseline[benchmark.name];
    let found = await measure(benchmark);
    if (hasFailed(found, stored)) found = await measure(benchmark);
    measured.set(benchmark.name, found);
    failed ||= hasFailed(found, stored);
    print(benchmarkLine(benchmark, found, stored));
  }
  return { measured, failed };
}
