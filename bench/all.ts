/** All benchmarks, by groups: a group is a module, and is loaded only where one of its benchmarks runs. */
import type { Benchmark } from "./benchmark.ts";

type Load = () => Promise<{ readonly BENCHMARKS: readonly Benchmark[] }>;

/** The names of a group's benchmarks begin with the name of the group and a slash. */
const GROUPS: Readonly<Record<string, Load>> = {
  json: () => import("./decode/json.ts"),
  csv: () => import("./decode/csv.ts"),
  operators: () => import("./operators/operators.ts"),
  lambdas: () => import("./operators/chain.ts"),
  exchange: () => import("./exchange/copy.ts"),
  frames: () => import("./frames/frames.ts"),
  state: () => import("./state/state.ts"),
  lines: () => import("./text/encode.ts"),
  parquet: () => import("./parquet/encode.ts"),
  nexmark: () => import("./nexmark/nexmark.ts"),
};

/** Every benchmark, in the order of the groups. */
export async function allBenchmarks(): Promise<readonly Benchmark[]> {
  const groups = await Promise.all(Object.values(GROUPS).map((load) => load()));
  return groups.flatMap(({ BENCHMARKS }) => BENCHMARKS);
}

/** The benchmark of a full name. @throws where there is none */
export async function benchmarkOf(name: string): Promise<Benchmark> {
  const group = await GROUPS[name.slice(0, name.indexOf("/"))]?.();
  const found = group?.BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (found === undefined) throw new Error(`No benchmark is called "${name}".`);
  return found;
}
