import type { History } from "./history.ts";

/** What many histories came to. Those without all that one is to have are counted by what they lack alone. */
export class Totals {
  runs = 0;
  /** Comparisons of one input with itself, read in another way. */
  cases = 0;
  events = 0;
  checkpoints = 0;
  refused = 0;
  adoptions = 0;
  /** By "kind at phase". */
  readonly faults: Map<string, number> = new Map();
  /** Histories that have what was drawn, and those beside them that lack what they should have. */
  readonly drawn: Map<string, number> = new Map();
  readonly lacks: Map<string, number> = new Map();

  add({ events, checkpoints, faults, adoptions, drawn, lacks, ended }: Omit<History, "trace">): void {
    for (const word of lacks) count(this.lacks, word);
    if (lacks.length > 0) return;
    this.runs++;
    this.events += events;
    this.checkpoints += checkpoints;
    this.adoptions += adoptions;
    if (ended === "refused") this.refused++;
    for (const fault of faults) count(this.faults, fault);
    for (const word of drawn) count(this.drawn, word);
  }

  /** The number of all faults, and of their kinds. */
  counted(): { readonly faults: number; readonly kinds: number } {
    const kinds = new Set([...this.faults.keys()].map((fault) => fault.split(" at ")[0]));
    return { faults: [...this.faults.values()].reduce((sum, count) => sum + count, 0), kinds: kinds.size };
  }

  /** Lines with how often each kind has met each phase. */
  matrix(phases: readonly string[]): string[] {
    const kinds = [
      ...new Set([...this.faults.keys()].map((fault) => fault.split(" at ")[0] ?? "")),
    ].toSorted();
    const cell = (text: string): string => text.padStart(21);
    return [
      ["".padEnd(20), ...phases.map(cell)].join(""),
      ...kinds.map((kind) =>
        [
          kind.padEnd(20),
          ...phases.map((phase) => cell(String(this.faults.get(`${kind} at ${phase}`) ?? 0))),
        ].join(""),
      ),
    ];
  }
}

function count(counts: Map<string, number>, word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

/** Words with how often each was counted: "a 3, b 4". */
export function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([word, times]) => `${word} ${times}`)
    .join(", ");
}
