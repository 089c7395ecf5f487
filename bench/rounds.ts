/** How two sides are measured: in turn, so that a machine that slows down slows both. */
import type { Done, Side } from "./benchmark.ts";

/** One turn of one side. */
export interface Turn extends Done {
  /** CPU time of all threads, ns. */
  readonly cpuNanos: number;
}

/** What several rounds have found. */
export interface Measured {
  /** Medians, ns of CPU a unit. */
  readonly subjectNanos: number;
  readonly referenceNanos: number;
  /** Subject over reference: the median of the rounds. Below 1 the subject is faster. */
  readonly ratio: number;
}

/** Takes a turn of a side. */
export type TakeTurn = (side: Side) => Promise<Turn>;

/** Rounds that count, and those before them that do not: V8 compiles, and the system reads files for the first time. */
export interface Rounds {
  readonly first: number;
  readonly counted: number;
}

/**
 * Lets reference and subject take turns, round by round.
 * @throws when the sides of a round do different amounts of work, or make different results
 */
export async function alternate({ first, counted }: Rounds, takeTurn: TakeTurn): Promise<Measured> {
  const found: { readonly subject: Turn; readonly reference: Turn }[] = [];
  for (let round = 0; round < first + counted; round++) {
    const reference = await takeTurn("reference");
    const subject = await takeTurn("subject");
    checkSame(reference, subject);
    if (round >= first) found.push({ reference, subject });
  }
  return {
    subjectNanos: median(found.map(({ subject }) => nanosPerUnit(subject))),
    referenceNanos: median(found.map(({ reference }) => nanosPerUnit(reference))),
    ratio: median(found.map(({ subject, reference }) => nanosPerUnit(subject) / nanosPerUnit(reference))),
  };
}

function checkSame(reference: Turn, subject: Turn): void {
  for (const what of ["units", "made"] as const) {
    if (reference[what] === subject[what]) continue;
    throw new Error(`${what}: the reference has ${reference[what]}, the subject ${subject[what]}.`);
  }
}

function nanosPerUnit({ cpuNanos, units }: Turn): number {
  return cpuNanos / units;
}

/** The middle of the numbers, or the mean of the two in the middle. @throws without numbers */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("There is no median of nothing.");
  return (low + high) / 2;
}
