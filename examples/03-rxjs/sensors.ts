/** Two sensors as Observables: a reading for every ten seconds of their time, each a while on the way. */
import { t } from "dataflow";
import { concatMap, delay, interval, map, merge, of, take, type Observable } from "rxjs";

export const Reading = t.row({
  id: t.string(),
  sensor: t.string(),
  at: t.timestamp(),
  celsius: t.float64(),
});

/** A reading as a sensor sends it. */
export interface Sent {
  readonly id: string;
  readonly sensor: string;
  readonly at: Date;
  readonly celsius: number;
}

/** How the sensors send: one reading every `everyMs`, each `delayMs()` later; both are milliseconds. */
export interface Timing {
  readonly readings: number;
  readonly everyMs: number;
  readonly delayMs: () => number;
}

const BEGINNING = Date.parse("2026-05-01T08:00:00Z");

/** The n-th reading of a sensor. */
export function reading(sensor: string, n: number): Sent {
  const celsius = (sensor === "attic" ? 25 : 12) + (n % 7);
  return { id: `${sensor}-${n}`, sensor, at: new Date(BEGINNING + n * 10_000), celsius };
}

/** What both sensors send, as it arrives. */
export function readings(timing: Timing): Observable<Sent> {
  const { readings: count, everyMs, delayMs } = timing;
  const sensor = (name: string): Observable<Sent> =>
    interval(everyMs).pipe(
      take(count),
      map((n) => reading(name, n)),
      concatMap((sent) => of(sent).pipe(delay(delayMs()))),
    );
  return merge(sensor("attic"), sensor("cellar"));
}
