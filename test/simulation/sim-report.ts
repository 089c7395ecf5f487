/** What `pnpm sim` has printed, as numbers. */

/** A kind of fault, and how often it has struck at each place, in the order of the columns. */
interface Met {
  readonly kind: string;
  readonly counts: readonly number[];
}

/** The numbers of a report. */
export interface SimReport {
  readonly met: readonly Met[];
  /** Histories by what was drawn for them, and by what they lack. */
  readonly drawn: ReadonlyMap<string, number>;
  readonly lacking: ReadonlyMap<string, number>;
  readonly runs: number;
  readonly faults: number;
  readonly cases: number;
  readonly adoptions: number;
  readonly last: string;
}

/** Reads a report. */
export function readReport(stdout: string): SimReport {
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return {
    met: [...stdout.matchAll(/^([a-z/ ]+?)((?: +\d+)+)$/gm)].map(([, kind = "", counts = ""]) => ({
      kind,
      counts: counts.trim().split(/ +/).map(Number),
    })),
    drawn: countsIn(/^drawn: (.*)$/m.exec(stdout)?.[1]),
    lacking: countsIn(/^lacking: (.*)$/m.exec(stdout)?.[1]),
    cases: Number(/^(\d+) metamorphic cases$/m.exec(stdout)?.[1]),
    adoptions: Number(/; (\d+) adoptions;/.exec(stdout)?.[1]),
    runs: Number(/^(\d+) runs, /.exec(last)?.[1]),
    faults: Number(/, (\d+) faults, /.exec(last)?.[1]),
    last,
  };
}

/** "a 3, b 4" as a map. */
function countsIn(text: string = ""): ReadonlyMap<string, number> {
  return new Map(
    [...text.matchAll(/([^,]+) (\d+)(?:, |$)/g)].map(([, word = "", times]) => [word, Number(times)]),
  );
}
