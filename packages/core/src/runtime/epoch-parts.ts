import { assert } from "../assert.ts";
import type { LedgerEntry, Mark, NodeChunk, PlacedFrame, SplitRecord } from "../checkpoint/records.ts";
import { type Epoch, KEY_GROUPS } from "../stream.ts";
import type { Graph } from "./graph.ts";
import type { NodeRunner } from "./node-runner.ts";
import type { EpochPart } from "./shard-messages.ts";
import type { SourceRunner } from "./source-runner.ts";

/** Key groups written in full per epoch, in turn: it bounds how many old deltas a restore has to read. */
const GROUPS_REWRITTEN = 4;

/** Collects what each node of a graph contributes to an epoch while its barrier travels. */
export class EpochParts {
  readonly #graph: Graph;
  #epoch: Epoch | undefined;
  #waiting = 0;
  #chunks: NodeChunk[] = [];
  /** In the order of each shard: numbered when all are there. */
  #held: PlacedFrame[] = [];
  #ledger: LedgerEntry[] = [];
  #splits: SplitRecord[] = [];
  #marks: Mark[] = [];
  #clocks: EpochPart["clocks"][number][] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Whether a barrier is on its way, or its part has not been taken. */
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

  /** Takes what a node has to give, step by step: until the last one it does nothing else. */
  *nodePassed(runner: NodeRunner, epoch: Epoch): Generator<void, void> {
    const { node, shard } = runner;
    const first = (epoch * GROUPS_REWRITTEN) % KEY_GROUPS;
    const rewrite = (keyGroup: number): boolean =>
      (keyGroup - first + KEY_GROUPS) % KEY_GROUPS < GROUPS_REWRITTEN;
    for (const chunks of this.#graph.storeOf(runner).gathered(rewrite)) {
      for (const chunk of chunks) this.#chunks.push({ node, ...chunk });
      yield;
    }
    this.#passed(epoch);
    for (const frame of this.#graph.sinkOf(runner)?.hold() ?? [])
      this.#held.push({ sink: node, shard, ...frame });
    this.#clocks.push({ node, state: runner.state });
    this.#ledger.push(runner.ledger.entry(node, runner.operator.buffered?.() ?? 0));
  }

  /** The part of this graph, once every node of it has passed the barrier; undefined before. */
  take(): EpochPart | undefined {
    const epoch = this.#epoch;
    if (epoch === undefined || this.#waiting > 0) return undefined;
    const held = [...this.#held, ...this.#graph.sinkRows.takeRefused(epoch)];
    const part = {
      chunks: this.#chunks,
      held,
      ledger: this.#ledger,
      splits: this.#splits,
      marks: this.#marks,
      clocks: this.#clocks,
    };
    this.#epoch = undefined;
    this.#chunks = [];
    this.#held = [];
    this.#ledger = [];
    this.#splits = [];
    this.#marks = [];
    this.#clocks = [];
    return part;
  }

  #passed(epoch: Epoch): void {
    assert(epoch === this.#epoch, `barrier ${epoch} while ${String(this.#epoch)} is running`);
    this.#waiting--;
  }
}
