/** Which benchmarks run, and how often. */
import type { Benchmark } from "./benchmark.ts";
import type { Rounds } from "./rounds.ts";

const ROUNDS = { warm: 9, cold: 3, short: 3 } as const;
/** So many turns later nothing is compiled any more. */
const FIRST = { warm: 6, cold: 1 } as const;

/**
 * The benchmarks of which the name contains one of the given ones; all without names; of these those of the short form.
 * @throws for a name that no benchmark contains
 */
export function chosen(
  benchmarks: readonly Benchmark[],
  names: readonly string[],
  isShort: boolean,
): readonly Benchmark[] {
  for (const name of names) {
    if (benchmarks.some((benchmark) => benchmark.name.includes(name))) continue;
    const known = benchmarks.map((benchmark) => `  ${benchmark.name}`).join("\n");
    throw new Error(`No benchmark is called "${name}". There are:\n${known}`);
  }
  const named = benchmarks.filter(
    (benchmark) => names.length === 0 || names.some((name) => benchmark.name.includes(name)),
  );
  return isShort ? named.filter(({ short }) => short) : named;
}

/** The rounds of a benchmark. @throws for a number of rounds that is none */
export function roundsOf(
  { cold }: Benchmark,
  { short, rounds }: { readonly short: boolean; readonly rounds?: string | undefined },
): Rounds {
  const kind = cold ? "cold" : "warm";
  const counted = rounds === undefined ? ROUNDS[short ? "short" : kind] : Number(rounds);
  if (!Number.isInteger(counted) || counted < 1)
    throw new Error(`--rounds ${rounds} is no number from 1 on.`);
  return { first: FIRST[kind], counted };
}
