/** Whether, and after which pause, a run that has failed is started again. */

/** The first pause; each further failure doubles it. */
const PAUSE_MS_FIRST = 1_000;
/** The longest pause. A run that got on and lasted as long begins the row of failures anew. */
const PAUSE_MS_MAX = 60_000;
/** Failures in a row without a new checkpoint after which it is given up: the same would come again. */
const FUTILE_MAX = 8;

/** How one run failed. */
export interface Failure {
  /** When it was started and when it ended, in milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Whether it stored a checkpoint or recorded a delivery: the next run begins where no run has begun. */
  readonly gotOn: boolean;
}

/** The failures in a row so far. */
export interface Row {
  readonly failures: number;
  /** Those since the last that got on. */
  readonly futile: number;
  /** When the first of the futile runs was started, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** What is done after a failure. */
export type Verdict =
  | { readonly kind: "again"; readonly row: Row; readonly pauseMs: number; readonly words: string }
  | { readonly kind: "give up"; readonly words: string };

/** Judges one more failure behind those of a row. */
export function judged(before: Row | undefined, failure: Failure): Verdict {
  const { startedMs, endedMs, gotOn } = failure;
  const recovered = gotOn && endedMs - startedMs >= PAUSE_MS_MAX;
  const row: Row = {
    failures: recovered || before === undefined ? 1 : before.failures + 1,
    futile: gotOn ? 0 : (before?.futile ?? 0) + 1,
    sinceMs: gotOn || before === undefined || before.futile === 0 ? startedMs : before.sinceMs,
  };
  if (row.futile >= FUTILE_MAX) {
    return {
      kind: "give up",
      words: `has failed ${row.futile} times since ${new Date(row.sinceMs).toISOString()} without a new checkpoint`,
    };
  }
  const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** (row.failures - 1));
  const futile =
    row.futile === 0
      ? "it had got on"
      : `failure ${row.futile} of at most ${FUTILE_MAX} without a new checkpoint`;
  return { kind: "again", row, pauseMs, words: `Starting again in ${pauseMs / 1000} s; ${futile}.` };
}
