import type { Status } from "@df/core/runtime/report";

/** Milliseconds over which rates are taken. */
const SPAN_MS = 3_000;

interface Sample {
  readonly atMs: number;
  readonly rowsIn: ReadonlyMap<string, number>;
  readonly lost: ReadonlyMap<string, number>;
}

/** What has changed at each node in the last seconds. */
export interface Changes {
  /** Rows per second that came in. */
  rateOf(node: string): number;
  /** Whether rows were late or refused. */
  lostAt(node: string): boolean;
}

/** Remembers what a pipeline said of itself in the last seconds. */
export class Rates {
  readonly #samples: Sample[] = [];

  /** Takes a status into account, and says what has changed. `nowMs` never goes back. */
  add({ ledger }: Status, nowMs: number): Changes {
    const now: Sample = {
      atMs: nowMs,
      rowsIn: new Map(ledger.map(({ node, rowsIn }) => [node, rowsIn])),
      lost: new Map(ledger.map(({ node, outcomes }) => [node, outcomes.late + outcomes.quarantined])),
    };
    this.#samples.push(now);
    // One sample that is older stays, so that the span is whole.
    while ((this.#samples[1]?.atMs ?? nowMs) <= nowMs - SPAN_MS) this.#samples.shift();
    const before = this.#samples[0] ?? now;
    const seconds = (nowMs - before.atMs) / 1000;
    const since = (counts: (sample: Sample) => ReadonlyMap<string, number>, node: string): number =>
      (counts(now).get(node) ?? 0) - (counts(before).get(node) ?? 0);
    return {
      rateOf: (node) => (seconds > 0 ? Math.round(since(({ rowsIn }) => rowsIn, node) / seconds) : 0),
      lostAt: (node) => since(({ lost }) => lost, node) > 0,
    };
  }
}
