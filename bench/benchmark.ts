/** What a benchmark is: two programs that do the same work, one of them ours. */

/** What one turn of a side has done. */
export interface Done {
  /** Rows, events or keys worked off: the same number in every turn. */
  readonly units: number;
  /** What came out, where both sides must agree on it: result rows, for instance. */
  readonly made?: number | undefined;
}

/** Does its work once. Turns of one side follow each other on the same input. */
export type Work = () => Done | Promise<Done>;

/** The name of a side: ours is the subject, plain JavaScript or a library the reference. */
export type Side = "reference" | "subject";

/** Both sides, with their input made. */
export interface Sides {
  readonly reference: Work;
  readonly subject: Work;
  /** Removes what the sides have left on disk. */
  readonly close?: (() => void) | undefined;
}

/** A benchmark: its result is how much more or less CPU time a unit takes us than the reference. */
export interface Benchmark {
  /** Its group and what it does: "decode/json bids". */
  readonly name: string;
  /** What `Done.units` counts. */
  readonly unit: string;
  /** Runs in the short form too. */
  readonly short: boolean;
  /**
   * Each turn runs in a process of its own, and its start and the compilation of code count, as in a real run. Without
   * it all turns of a side run in one process, and the first do not count.
   */
  readonly cold: boolean;
  /** Makes the input, in each process. Its time does not count. */
  readonly open: () => Sides | Promise<Sides>;
}

/** A benchmark of which all turns run in one process. */
export function warm(
  name: string,
  unit: string,
  open: Benchmark["open"],
  { short = false }: { readonly short?: boolean } = {},
): Benchmark {
  return { name, unit, short, cold: false, open };
}
