import type { LedgerEntry } from "../checkpoint/records.ts";
import type { Outcome } from "../operator.ts";

/** No row yet. */
const NO_OUTCOMES: Readonly<Record<Outcome, number>> = {
  passed: 0,
  folded: 0,
  filtered: 0,
  duplicate: 0,
  late: 0,
  quarantined: 0,
  expired: 0,
};

/** Counts of one node on one shard since the process started. */
export class NodeLedger {
  rowsIn = 0;
  rowsOut = 0;
  latePartial = 0;
  readonly outcomes: Record<Outcome, number> = { ...NO_OUTCOMES };

  /** Rows that have an outcome. */
  settled(): number {
    return Object.values(this.outcomes).reduce((sum, rows) => sum + rows, 0);
  }

  entry(node: string, buffered: number, checked?: readonly string[]): LedgerEntry {
    const { rowsIn, rowsOut, latePartial } = this;
    return { node, rowsIn, rowsOut, outcomes: { ...this.outcomes }, latePartial, buffered, checked };
  }
}

/** Sums entries by node; `now` replaces the `buffered` of `before`, all else adds up. */
export function addUp(before: readonly LedgerEntry[], now: readonly LedgerEntry[]): LedgerEntry[] {
  const sums = new Map<string, LedgerEntry>();
  for (const entry of before) sums.set(entry.node, { ...entry, buffered: 0 });
  for (const entry of now) {
    const sum = sums.get(entry.node);
    sums.set(entry.node, sum === undefined ? entry : plus(sum, entry));
  }
  return [...sums.values()];
}

function plus(a: LedgerEntry, b: LedgerEntry): LedgerEntry {
  const names = Object.keys(NO_OUTCOMES) as Outcome[];
  return {
    node: a.node,
    rowsIn: a.rowsIn + b.rowsIn,
    rowsOut: a.rowsOut + b.rowsOut,
    outcomes: Object.fromEntries(names.map((name) => [name, a.outcomes[name] + b.outcomes[name]])) as Record<
      Outcome,
      number
    >,
    latePartial: a.latePartial + b.latePartial,
    buffered: a.buffered + b.buffered,
    checked: b.checked ?? a.checked,
  };
}

/** Each input row has exactly one outcome or is buffered; the entries that break this, in words. */
export function imbalances(entries: readonly LedgerEntry[]): string[] {
  return entries.flatMap(({ node, rowsIn, outcomes, buffered }) => {
    const settled = Object.values(outcomes).reduce((sum, rows) => sum + rows, 0);
    if (rowsIn === settled + buffered) return [];
    return [
      `node "${node}" took ${rowsIn} rows, but ${settled} have an outcome and ${buffered} are buffered`,
    ];
  });
}
