import { assert } from "../assert.ts";
import {
  splitKey,
  splitsByKey,
  storedTime,
  type Checkpoint,
  type CheckpointRecord,
  type LedgerEntry,
  type Mark,
  type NodeChunk,
  type PlacedFrame,
  type SinkRecord,
  type SplitRecord,
} from "../checkpoint/records.ts";
import { lambdaHashes } from "../plan/fingerprint.ts";
import { type Epoch, KEY_GROUPS } from "../stream.ts";
import type { Graph } from "./graph.ts";
import type { HeldAhead } from "./held-ahead.ts";
import { clocksByNode, type InputClock } from "./input-clock.ts";
import { addUp, imbalances } from "./node-ledger.ts";
import type { NodeRunner } from "./node-runner.ts";
import type { SourceRunner } from "./source-runner.ts";
import { waitingOf } from "./waiting.ts";

/** Key groups written in full per epoch, in turn: it bounds how many old deltas a restore has to read. */
const GROUPS_REWRITTEN = 4;

/** Collects what each node contributes to an epoch while its barrier travels through the graph. */
export class Checkpointer {
  readonly #graph: Graph;
  readonly #heldAhead: HeldAhead;
  readonly #before: CheckpointRecord | undefined;
  readonly #splitsBefore: Map<string, SplitRecord>;
  readonly #lambdas: Readonly<Record<string, string>>;
  #epoch: Epoch | undefined;
  #waiting = 0;
  #chunks: NodeChunk[] = [];
  /** In the order of each shard: numbered when all are there. */
  #held: PlacedFrame[] = [];
  #ledger: LedgerEntry[] = [];
  #splits: SplitRecord[] = [];
  #marks: Mark[] = [];
  #clocks: { readonly node: string; readonly state: InputClock | undefined }[] = [];

  constructor(graph: Graph, heldAhead: HeldAhead, before: CheckpointRecord | undefined) {
    this.#graph = graph;
    this.#heldAhead = heldAhead;
    this.#before = before;
    this.#lambdas = lambdaHashes(graph.plan.lambdas ?? {});
    this.#splitsBefore = splitsByKey(before);
  }

  /** Whether a barrier is on its way. */
  get running(): boolean {
    return this.#epoch !== undefined;
  }

  /** Sends the barrier of an epoch through the graph. */
  begin(epoch: Epoch): void {
    assert(this.#epoch === undefined, "one barrier at a time");
    this.#epoch = epoch;
    this.#waiting = this.#graph.sources.length + this.#graph.nodes.length;
    for (const source of this.#graph.sources) source.barrier(epoch);
  }

  sourcePassed(source: SourceRunner, epoch: Epoch): void {
    this.#passed(epoch);
    this.#splits.push(...source.records());
    this.#clocks.push({ node: source.node, state: source.state });
    this.#marks.push(...source.marks.splice(0));
    this.#ledger.push(source.entry());
  }

  nodePassed(runner: NodeRunner, epoch: Epoch): void {
    this.#passed(epoch);
    const { node, shard } = runner;
    const first = (epoch * GROUPS_REWRITTEN) % KEY_GROUPS;
    const rewrite = (keyGroup: number): boolean =>
      (keyGroup - first + KEY_GROUPS) % KEY_GROUPS < GROUPS_REWRITTEN;
    for (const chunk of this.#graph.storeOf(runner).gather(rewrite)) this.#chunks.push({ node, ...chunk });
    for (const frame of this.#graph.sinkOf(runner)?.hold() ?? [])
      this.#held.push({ sink: node, shard, ...frame });
    this.#clocks.push({ node, state: runner.state });
    this.#ledger.push(runner.ledger.entry(node, runner.operator.buffered?.() ?? 0));
  }

  /** The epoch as one record, once every node has passed its barrier; undefined before. */
  take(drained: boolean, fingerprint: string, sinks: readonly SinkRecord[]): Checkpoint | undefined {
    const epoch = this.#epoch;
    if (epoch === undefined || this.#waiting > 0) return undefined;
    const held = [...this.#held, ...this.#graph.sinkRows.takeRefused(epoch)];
    const ledger = addUp(this.#before?.ledger ?? [], addUp([], this.#ledger));
    const wrong = imbalances(ledger);
    assert(wrong.length === 0, `the ledger of epoch ${epoch} does not balance: ${wrong.join("; ")}`);
    const { plan, nodes, sources } = this.#graph;
    const record: CheckpointRecord = {
      epoch,
      splits: this.#allSplits(),
      clocks: Object.fromEntries(
        [...clocksByNode(this.#clocks)].map(([node, clock]) => [node, storedTime(clock)]),
      ),
      ledger,
      waiting: drained ? [] : waitingOf({ plan, steps: nodes, sources }),
      drained,
      params: plan.params,
      lambdas: this.#lambdas,
    };
    const checkpoint = {
      record,
      fingerprint,
      chunks: this.#chunks,
      marks: this.#marks,
      ...this.#heldAhead.finish(held),
      sinks,
    };
    this.#epoch = undefined;
    this.#chunks = [];
    this.#held = [];
    this.#ledger = [];
    this.#splits = [];
    this.#marks = [];
    this.#clocks = [];
    return checkpoint;
  }

  /**
   * Splits that are there no more keep their record: a file that comes back is not read twice. It comes back behind the
   * clock that the others have reached without it, so it counts as idle.
   */
  #allSplits(): SplitRecord[] {
    for (const [id, split] of this.#splitsBefore) {
      if (split.status === "live") this.#splitsBefore.set(id, { ...split, status: "idle" });
    }
    for (const split of this.#splits) this.#splitsBefore.set(splitKey(split.source, split.split), split);
    return [...this.#splitsBefore.values()];
  }

  #passed(epoch: Epoch): void {
    assert(epoch === this.#epoch, `barrier ${epoch} while ${String(this.#epoch)} is running`);
    this.#waiting--;
  }
}
