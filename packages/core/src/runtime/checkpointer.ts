import { assert } from "../assert.ts";
import {
  splitKey,
  splitsByKey,
  storedTime,
  type Checkpoint,
  type CheckpointRecord,
  type SinkRecord,
  type SourceRecord,
  type SplitRecord,
  type Waiting,
} from "../checkpoint/records.ts";
import { lambdaHashes } from "../plan/fingerprint.ts";
import type { Migrated } from "../migration.ts";
import { migratedBy } from "../plan/migrated.ts";
import type { Plan } from "../plan/plan.ts";
import type { Epoch } from "../stream.ts";
import type { HeldAhead } from "./held-ahead.ts";
import { type InputClock, inputsByNode } from "./input-clock.ts";
import { addUp, imbalances } from "./node-ledger.ts";
import type { EpochPart } from "./shard-messages.ts";

/** What a checkpoint is of, besides what shards contribute. */
export interface Whole {
  readonly epoch: Epoch;
  readonly drained: boolean;
  readonly fingerprint: string;
  readonly sinks: readonly SinkRecord[];
  readonly waiting: readonly Waiting[];
}

/** Makes one record of what the shards of a plan contribute to an epoch. */
export class Checkpointer {
  readonly #plan: Plan;
  readonly #heldAhead: HeldAhead;
  readonly #before: CheckpointRecord | undefined;
  readonly #splitsBefore: Map<string, SplitRecord>;
  readonly #lambdas: Readonly<Record<string, string>>;
  readonly #migrated: Migrated;

  constructor(plan: Plan, heldAhead: HeldAhead, before: CheckpointRecord | undefined) {
    this.#plan = plan;
    this.#heldAhead = heldAhead;
    this.#before = before;
    this.#lambdas = lambdaHashes(plan.lambdas ?? {});
    this.#migrated = migratedBy(plan, before?.migrated);
    this.#splitsBefore = splitsByKey(before);
  }

  /** The parts of all shards as one checkpoint. */
  checkpoint(
    parts: readonly EpochPart[],
    { epoch, drained, fingerprint, sinks, waiting }: Whole,
  ): Checkpoint {
    const ledger = addUp(
      this.#before?.ledger ?? [],
      addUp(
        [],
        parts.flatMap((part) => part.ledger),
      ),
    );
    const wrong = imbalances(ledger);
    assert(wrong.length === 0, `the ledger of epoch ${epoch} does not balance: ${wrong.join("; ")}`);
    const clocks = inputsByNode(parts.flatMap((part) => part.clocks));
    const sources = this.#sourcesAt(clocks);
    const others = [...clocks].filter(([node]) => !Object.hasOwn(sources, node));
    const record: CheckpointRecord = {
      epoch,
      splits: this.#allSplits(parts.flatMap((part) => part.splits)),
      clocks: Object.fromEntries(others.map(([node, { clock }]) => [node, storedTime(clock)])),
      sources,
      ledger,
      waiting: drained ? [] : waiting,
      drained,
      params: this.#plan.params,
      lambdas: this.#lambdas,
      migrated: this.#migrated,
    };
    return {
      record,
      fingerprint,
      chunks: parts.flatMap((part) => part.chunks),
      marks: parts.flatMap((part) => part.marks),
      ...this.#heldAhead.finish(parts.flatMap((part) => part.held)),
      sinks,
    };
  }

  #sourcesAt(clocks: ReadonlyMap<string, InputClock>): Record<string, SourceRecord> {
    const sources = this.#plan.nodes.filter(({ kind }) => kind === "source");
    return Object.fromEntries(
      sources.flatMap(({ id }) => {
        const at = clocks.get(id);
        return at === undefined ? [] : [[id, { clock: storedTime(at.clock), status: at.status }]];
      }),
    );
  }

  /**
   * Splits that are there no more keep their record: a file that comes back is not read twice. It comes back behind the
   * clock that the others have reached without it, so it counts as idle.
   */
  #allSplits(splits: readonly SplitRecord[]): SplitRecord[] {
    for (const [id, split] of this.#splitsBefore) {
      if (split.status === "live") this.#splitsBefore.set(id, { ...split, status: "idle" });
    }
    for (const split of splits) this.#splitsBefore.set(splitKey(split.source, split.split), split);
    return [...this.#splitsBefore.values()];
  }
}
