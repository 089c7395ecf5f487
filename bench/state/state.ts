/** Everything about keyed state. */
import type { Benchmark } from "../benchmark.ts";
import { CHECKPOINTS } from "./checkpoint.ts";
import { TABLES } from "./table.ts";

/** Tables, and their checkpoints. */
export const BENCHMARKS: readonly Benchmark[] = [...TABLES, ...CHECKPOINTS];
