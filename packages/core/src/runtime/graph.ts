import { present } from "../assert.ts";
import type { CheckpointRecord, NodeChunk } from "../checkpoint/records.ts";
import type { Source } from "../connector.ts";
import { DataflowError } from "../error.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { own } from "../own.ts";
import {
  type OperatorNode,
  type Plan,
  type PlanNode,
  type SinkNode,
  type SourceNode,
  withAllBehind,
} from "../plan/plan.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { MemoryStateStore } from "../state/store.ts";
import { type Epoch, type Exchange, type Shape, shardOf } from "../stream.ts";
import { BEGINNING, type Time } from "../time.ts";
import type { Target } from "./event.ts";
import { KeyedTarget, SingleTarget } from "./exchange.ts";
import { HoldingSink } from "./holding-sink.ts";
import { NodeLedger } from "./node-ledger.ts";
import { Channel, NodeRunner } from "./node-runner.ts";
import { type Refusal, refusalOf } from "./quarantine-buffer.ts";
import { rejected } from "./rejected.ts";
import { SinkRows } from "./sink-rows.ts";
import { SPLITS_OPEN_MAX } from "./split-choice.ts";
import { SourceRunner } from "./source-runner.ts";

/** What the graph needs from its job. */
interface GraphHost {
  readonly shards: number;
  readonly generate: boolean;
  readonly follow: boolean;
  readonly restored: CheckpointRecord | undefined;
  /** Nodes whose rows were stored under another layout: see `Verdict`. */
  readonly migrating: ReadonlySet<string>;
  /** Of all state together. */
  readonly budget: StateBudget;
  readonly now: () => number;
  readonly wake: () => void;
  readonly failed: (error: unknown) => void;
  readonly nodePassed: (runner: NodeRunner, epoch: Epoch) => void;
  readonly sourcePassed: (runner: SourceRunner, epoch: Epoch) => void;
}

/** A node on one shard, with its state. */
interface Instance {
  readonly runner: NodeRunner;
  readonly store: MemoryStateStore;
  readonly sink: HoldingSink | undefined;
}

/** The running form of a plan: every node on every shard, wired. */
export class Graph {
  readonly plan: Plan;
  readonly sources: SourceRunner[] = [];
  /** In the order of the plan: after their inputs. */
  readonly nodes: NodeRunner[] = [];
  /** In the order in which each finds room at its receivers. */
  readonly downstreamFirst: NodeRunner[] = [];
  readonly sinkRows: SinkRows = new SinkRows();
  readonly #host: GraphHost;
  readonly #instances = new Map<string, Instance[]>();
  readonly #sourceRunners = new Map<string, SourceRunner[]>();

  constructor(plan: Plan, host: GraphHost) {
    this.plan = plan;
    this.#host = host;
  }

  /** Builds all nodes; `chunksOf` gives the stored state of a node, part by part. */
  async open(
    sources: ReadonlyMap<string, Source>,
    chunksOf: (node: string) => AsyncIterable<readonly NodeChunk[]>,
  ): Promise<void> {
    for (const node of this.plan.nodes) {
      if (node.kind === "source") this.#openSource(node, present(sources.get(node.id), `source ${node.id}`));
      else if (node.kind === "operator")
        this.#openOperator(
          node,
          await this.#stores(node, node.spec.stateful ? chunksOf(node.id) : undefined),
        );
      else if (node.input !== undefined) this.#openSink(node);
    }
  }

  /** Whether nothing is on its way between nodes. */
  idle(): boolean {
    return this.nodes.every((runner) => runner.idle());
  }

  /** The highest clock that a source or any node behind it has reached. */
  reached(source: string): Time {
    const behind = withAllBehind(this.plan, source);
    let highest: Time = BEGINNING;
    for (const { node, clock } of [...this.nodes, ...this.sources]) {
      if (behind.has(node) && Number.isFinite(clock) && clock > highest) highest = clock;
    }
    return highest;
  }

  runners(source: string): readonly SourceRunner[] {
    return this.#sourceRunners.get(source) ?? [];
  }

  storeOf(runner: NodeRunner): MemoryStateStore {
    return this.#instance(runner).store;
  }

  sinkOf(runner: NodeRunner): HoldingSink | undefined {
    return this.#instance(runner).sink;
  }

  #openSource(node: SourceNode, source: Source): void {
    const { schema } = present(node.outputs[0], "source output");
    const runners = Array.from({ length: this.#host.shards }, (_, shard) => {
      const { now, wake, failed, follow, sourcePassed } = this.#host;
      return new SourceRunner({
        node: node.id,
        shard,
        source,
        schema,
        time: node.time,
        follow,
        batchRows: this.plan.batchRows,
        openMax: node.spec.history === "full" ? Math.ceil(SPLITS_OPEN_MAX / this.#host.shards) : Infinity,
        ledger: new NodeLedger(),
        now,
        wake,
        failed,
        settled: () => this.idle(),
        reached: () => this.reached(node.id),
        invalid: (runner, split, { position, raw, reason }) =>
          this.#refuse(runner, { raw, reason, node: node.id, split, position: String(position) }, node.id),
        onBarrier: sourcePassed,
        epoch: this.#host.restored?.epoch ?? 0,
      });
    });
    this.#sourceRunners.set(node.id, runners);
    this.sources.push(...runners);
  }

  /** The state of a node, one store a shard, with what was stored of it. */
  async #stores(
    node: OperatorNode,
    stored: AsyncIterable<readonly NodeChunk[]> | undefined,
  ): Promise<MemoryStateStore[]> {
    const width = Math.max(
      ...node.inputs.map(({ node: from }, port) => this.#width(from, node.spec.exchanges[port])),
    );
    const { budget, migrating } = this.#host;
    const stores = Array.from(
      { length: width },
      () => new MemoryStateStore({ budget, migrates: migrating.has(node.id) }),
    );
    for await (const chunks of stored ?? []) {
      for (const [shard, store] of stores.entries()) {
        // With one instance of the node all key groups are its own, whatever the number of shards.
        store.load(chunks, (keyGroup) => width === 1 || keyGroup < 0 || shardOf(keyGroup, width) === shard);
      }
    }
    return stores;
  }

  #openOperator(node: OperatorNode, stores: readonly MemoryStateStore[]): void {
    const { spec } = node;
    const inputs = node.inputs.map((edge) => this.#shapeOf(edge.node, edge.port));
    const instances = stores.map((store, shard) => {
      const ledger = new NodeLedger();
      const runner = this.#runner(node, shard, { store, outputs: node.outputs.length, ledger }, (clock) =>
        spec.open(this.#context(node, { shard, inputs, store, ledger, clock, runner: () => runner })),
      );
      return { runner, store, sink: undefined };
    });
    this.#add(node, instances);
    node.inputs.forEach((edge, port) =>
      this.#connect(edge, port, instances, spec.exchanges[port] ?? "forward"),
    );
  }

  #openSink(node: SinkNode): void {
    const input = present(node.input, "sink input");
    const instances = Array.from({ length: this.#width(input.node, node.exchange) }, (_, shard) => {
      const ledger = new NodeLedger();
      const sink = new HoldingSink((outcome, rows) => {
        ledger.outcomes[outcome] += rows;
      });
      this.sinkRows.add({ node: node.id, shard, sink });
      const store = new MemoryStateStore();
      const runner = this.#runner(node, shard, { store, outputs: 0, ledger }, () => sink);
      return { runner, store, sink };
    });
    this.#add(node, instances);
    this.#connect(input, 0, instances, node.exchange);
  }

  #runner(
    node: PlanNode,
    shard: number,
    parts: { readonly store: MemoryStateStore; readonly outputs: number; readonly ledger: NodeLedger },
    open: (clock: Time) => Operator,
  ): NodeRunner {
    const { store, outputs, ledger } = parts;
    const clock = own(this.#host.restored?.clocks ?? {}, node.id) ?? BEGINNING;
    const operator = inNode(node.id, () => open(clock));
    const epoch = this.#host.restored?.epoch ?? 0;
    const onBarrier = this.#host.nodePassed;
    const holdsRows = (): boolean => store.holdsRows;
    return new NodeRunner({
      node: node.id,
      shard,
      operator,
      outputs,
      ledger,
      clock,
      epoch,
      holdsRows,
      onBarrier,
    });
  }

  #context(
    node: OperatorNode,
    parts: {
      readonly shard: number;
      readonly inputs: readonly Shape[];
      readonly store: MemoryStateStore;
      readonly ledger: NodeLedger;
      readonly clock: Time;
      runner(): NodeRunner;
    },
  ): OperatorContext {
    const { shard, inputs, store, ledger, clock } = parts;
    return {
      nodeId: node.id,
      shard,
      inputs,
      outputs: node.outputs,
      state: store,
      clock,
      generate: this.#host.generate,
      count: (outcome, rows) => {
        ledger.outcomes[outcome] += rows;
      },
      countLatePartial: (rows) => {
        ledger.latePartial += rows;
      },
      reject: (batch, row, reason, thrown) => {
        ledger.outcomes.quarantined++;
        this.#refuse(parts.runner(), refusalOf(node.id, batch, row, reason), batch.origin?.source, thrown);
      },
    };
  }

  /** Sends a refused row to the quarantine of its source, else to that of the pipeline, else ends the run. */
  #refuse(
    at: { readonly shard: number; readonly epoch: Epoch },
    refusal: Refusal,
    source: string | undefined,
    thrown?: unknown,
  ): void {
    const from = this.plan.nodes.find(({ id }) => id === source);
    const sink = (from?.kind === "source" ? from.invalid : undefined) ?? this.plan.rejected;
    if (sink === undefined) throw rejected(refusal, thrown);
    this.sinkRows.refuse({ sink, shard: at.shard, epoch: at.epoch + 1 }, refusal);
  }

  #connect(
    edge: { readonly node: string; readonly port: number },
    port: number,
    to: readonly Instance[],
    exchange: Exchange,
  ): void {
    const upstream = this.#upstream(edge.node, edge.port);
    const { schema } = this.#shapeOf(edge.node, edge.port);
    for (const [shard, targets] of upstream.entries()) {
      if (upstream.length === 1 && to.length === 1) targets.push(this.#channel(to, 0, port, true));
      else if (exchange === "forward") targets.push(this.#channel(to, shard, port, true));
      else if (exchange === "single") targets.push(new SingleTarget(this.#channel(to, 0, port, false)));
      else {
        const channels = to.map((_, receiver) => this.#channel(to, receiver, port, false));
        targets.push(new KeyedTarget(channels, schema, exchange.keyBy));
      }
    }
  }

  #channel(to: readonly Instance[], shard: number, port: number, direct: boolean): Channel {
    const { runner } = present(to[shard], `shard ${shard}`);
    const channel = new Channel(runner, port, direct);
    runner.channels.push(channel);
    return channel;
  }

  /** The target lists of an output, one per shard. */
  #upstream(node: string, port: number): Target[][] {
    const sources = this.#sourceRunners.get(node);
    if (sources !== undefined) return sources.map(({ targets }) => targets);
    return this.#of(node).map(({ runner }) => present(runner.targets[port], `output ${port} of ${node}`));
  }

  #width(upstream: string, exchange: Exchange | undefined): number {
    if (exchange === "single") return 1;
    if (exchange === undefined || exchange === "forward") return this.#upstreamWidth(upstream);
    return this.#host.shards;
  }

  #upstreamWidth(node: string): number {
    return this.#sourceRunners.get(node)?.length ?? this.#of(node).length;
  }

  #shapeOf(node: string, port: number): Shape {
    const found = this.plan.nodes.find(({ id }) => id === node);
    return present(
      found !== undefined && found.kind !== "sink" ? found.outputs[port] : undefined,
      `output ${port} of ${node}`,
    );
  }

  #add(node: PlanNode, instances: Instance[]): void {
    this.#instances.set(node.id, instances);
    const runners = instances.map(({ runner }) => runner);
    this.nodes.push(...runners);
    this.downstreamFirst.unshift(...runners.toReversed());
  }

  #of(node: string): readonly Instance[] {
    return present(this.#instances.get(node), `node ${node}`);
  }

  #instance(runner: NodeRunner): Instance {
    return present(this.#of(runner.node)[runner.shard], `shard ${runner.shard} of ${runner.node}`);
  }
}

function inNode<T>(node: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof DataflowError && !thrown.message.includes(`"${node}"`)) {
      throw new DataflowError("DF_NODE", `Node "${node}" cannot start: ${thrown.message}`, { cause: thrown });
    }
    throw thrown;
  }
}
