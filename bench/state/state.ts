/** Everything about keyed state. */
import type { Benchmark } from "../benchmark.ts";
import { CHECKPOINTS } from "./checkpoint.ts";
import { SPILLS } from "./spill.ts";
import { TABLES } from "./table.ts";

/** Tables, their checkpoints, and tables that are larger than their memory. */
export const BENCHMARKS: readonly Benchmark[] = [...TABLES, ...CHECKPOINTS, ...SPILLS];
