import { present } from "../assert.ts";
import { type CheckpointRecord, splitKey, splitsByKey, type SplitRecord } from "../checkpoint/records.ts";
import type { Source, Split } from "../connector.ts";
import { DataflowError } from "../error.ts";
import type { Plan, SourceNode } from "../plan/plan.ts";
import type { WallClock } from "./clock-port.ts";
import type { Time } from "../time.ts";
import type { FoundAt } from "./source-runner.ts";

/** Splits of a source, with those that are gone: each checkpoint has a line of every one. */
export const SPLITS_MAX = 100_000;

/** Milliseconds between two looks for new splits. */
const SPLITS_EVERY_MS = 1_000;

/** What reads splits of a source: its runner on one shard. */
export interface SplitTaker {
  reads(split: string): boolean;
  add(split: Split, record: SplitRecord | undefined, found: FoundAt): void;
}

/** What a finder of splits works with. */
interface SplitFinderParts {
  readonly plan: Plan;
  readonly sources: ReadonlyMap<string, Source>;
  /** The runners of a source, one a shard. */
  readonly runners: (source: string) => readonly SplitTaker[];
  /** The highest clock that was reached behind a source. */
  readonly reached: (source: string) => Time;
  readonly clock: Pick<WallClock, "now">;
  readonly failed: (error: unknown) => void;
}

/** Gives the splits of all sources to the runners that read them, in turn. */
export class SplitFinder {
  readonly #parts: SplitFinderParts;
  #nextShard = 0;
  #lookAt = 0;
  #looking: Promise<void> | undefined;

  constructor(parts: SplitFinderParts) {
    this.#parts = parts;
  }

  /** Whether a look is on its way. */
  get looking(): boolean {
    return this.#looking !== undefined;
  }

  /** Looks for splits that have come, now and then. */
  lookWhenDue(last: CheckpointRecord | undefined): void {
    const now = this.#parts.clock.now();
    if (now < this.#lookAt || this.looking) return;
    this.#lookAt = now + SPLITS_EVERY_MS;
    this.#looking = this.find(last, false)
      .catch(this.#parts.failed)
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /**
   * Adds the splits that are there and not yet read. `last`: the last checkpoint; `starting` when the graph has not
   * moved yet.
   */
  async find(last: CheckpointRecord | undefined, starting: boolean): Promise<void> {
    const known = splitsByKey(last);
    for (const node of this.#parts.plan.nodes) {
      if (node.kind !== "source") continue;
      const source = present(this.#parts.sources.get(node.id), `source ${node.id}`);
      const splits = await source.splits();
      refuseMany(node.id, splits, known);
      const found = starting ? this.#atStart(node.id, last) : ({ kind: "run" } as const);
      for (const split of splits) {
        this.#add(node, split, known.get(splitKey(node.id, split.id)), found);
      }
    }
  }

  #atStart(source: string, last: CheckpointRecord | undefined): FoundAt {
    if (last === undefined) return { kind: "first start" };
    return { kind: "restart", reached: this.#parts.reached(source) };
  }

  #add(node: SourceNode, split: Split, record: SplitRecord | undefined, found: FoundAt): void {
    const runners = this.#parts.runners(node.id);
    if (runners.some((runner) => runner.reads(split.id))) return;
    const runner = present(runners[this.#nextShard++ % runners.length], "source shard");
    runner.add(split, record, found);
  }
}

/** @throws DF_SPLITS for more than can be remembered */
function refuseMany(source: string, splits: readonly Split[], known: ReadonlyMap<string, SplitRecord>): void {
  // Mostly there are few; then nobody counts.
  if (splits.length + known.size <= SPLITS_MAX) return;
  const ids = new Set(splits.map(({ id }) => id));
  for (const record of known.values()) if (record.source === source) ids.add(record.split);
  if (ids.size <= SPLITS_MAX) return;
  throw new DataflowError(
    "DF_SPLITS",
    `Source "${source}" has had ${ids.size} splits, with those that are gone; at most ${SPLITS_MAX} can be remembered. Write fewer and larger ones, or go on with a new state directory (--state-dir) and new targets.`,
  );
}
