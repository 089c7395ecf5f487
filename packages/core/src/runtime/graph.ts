import { assert, present } from "../assert.ts";
import type { CheckpointRecord, NodeChunk } from "../checkpoint/records.ts";
import type { Source } from "../connector.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { own } from "../own.ts";
import type { Edge, OperatorNode, Plan, PlanNode, SinkNode, SourceNode } from "../plan/plan.ts";
import { shapeAt } from "../plan/plan.ts";
import { inputsTaken } from "../plan/taken.ts";
import type { Schema } from "../schema/schema.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { MemoryStateStore } from "../state/store.ts";
import { type Epoch, type Exchange, keyOf, type Shape } from "../stream.ts";
import { BEGINNING, type Time } from "../time.ts";
import type { Target } from "./event.ts";
import {
  ACCEPTS_ALL,
  acceptsOf,
  DirectEnd,
  LocalEnd,
  type ShardEnd,
  type Spreading,
  spreadingTarget,
} from "./exchange.ts";
import { HoldingSink } from "./holding-sink.ts";
import { inNode } from "./in-node.ts";
import type { ClockOf } from "./input-clock.ts";
import type { Migrating } from "./migrating.ts";
import { NodeLedger } from "./node-ledger.ts";
import { narrowed } from "./narrowed.ts";
import { Channel, NodeRunner } from "./node-runner.ts";
import { loadStores, storeOf } from "./node-stores.ts";
import { type Refusal, refusalOf } from "./quarantine-buffer.ts";
import { rejected } from "./rejected.ts";
import { SinkRows } from "./sink-rows.ts";
import { SPLITS_OPEN_MAX } from "./split-choice.ts";
import { SourceRunner } from "./source-runner.ts";
import { reachedBehind } from "./wakes.ts";

/** Where the shards of a graph are that has not all of them, and the ways between those here and those elsewhere. */
export interface Elsewheres {
  isHere(shard: number): boolean;
  /** The sender's end of a channel to a shard elsewhere. */
  sendTo(shard: number, channel: number): ShardEnd;
  /** Events of a channel come from a shard elsewhere. */
  receiveFrom(
    shard: number,
    channel: number,
    into: { readonly channel: Channel; readonly schema: Schema },
  ): void;
}

/** What the graph needs from its job. */
interface GraphHost {
  /** All of them, also those elsewhere. */
  readonly shards: number;
  /** Undefined where all shards are here. */
  readonly elsewhere: Elsewheres | undefined;
  readonly generate: boolean;
  readonly follow: boolean;
  readonly restored: Pick<CheckpointRecord, "epoch" | "clocks"> | undefined;
  /** Nodes whose rows were stored under another layout: see `Verdict`. */
  readonly migrating: Migrating;
  /** Of all state together. */
  readonly budget: StateBudget;
  readonly now: () => number;
  /** Whether the event loop waits for its turn. */
  readonly isOver: () => boolean;
  readonly wake: () => void;
  readonly failed: (error: unknown) => void;
  /** Whether all receivers know that a split of a source speaks again, and the highest clock then. */
  readonly settled: (runner: SourceRunner) => boolean;
  readonly reached: (source: string) => Time;
  /** See `JobParts.clockOf`. */
  readonly clockOf?: ClockOf | undefined;
  readonly nodePassed: (runner: NodeRunner, epoch: Epoch) => Iterator<unknown, void>;
  readonly sourcePassed: (runner: SourceRunner, epoch: Epoch) => void;
}

/** A node on one shard, with its state. */
interface Instance {
  readonly runner: NodeRunner;
  readonly store: MemoryStateStore;
  readonly sink: HoldingSink | undefined;
}

/** By shard; undefined for those elsewhere. */
type Shards<Value> = readonly (Value | undefined)[];

/** The running form of a plan: every node on every shard, or those shards that are on this thread, wired. */
export class Graph {
  readonly plan: Plan;
  readonly sources: SourceRunner[] = [];
  /** In the order of the plan: after their inputs. */
  readonly nodes: NodeRunner[] = [];
  /** In the order in which each finds room at its receivers. */
  readonly downstreamFirst: NodeRunner[] = [];
  readonly sinkRows: SinkRows = new SinkRows();
  readonly #host: GraphHost;
  readonly #inputsOf: (node: OperatorNode) => readonly Shape[];
  readonly #instances = new Map<string, Shards<Instance>>();
  readonly #sourceRunners = new Map<string, Shards<SourceRunner>>();
  /** Channels by their order in the plan, also those between shards elsewhere: the same on every thread. */
  #channels = 0;

  constructor(plan: Plan, host: GraphHost) {
    this.plan = plan;
    this.#inputsOf = inputsTaken(plan);
    this.#host = host;
  }

  /** Builds all nodes; `chunksOf` gives the stored state of a node, part by part. */
  async open(
    sources: ReadonlyMap<string, Pick<Source, "read">>,
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

  /** The highest clock that a source or any node behind it has reached, on the shards that are here. */
  reached(source: string): Time {
    return reachedBehind(this.plan, source, [...this.nodes, ...this.sources]);
  }

  /** The runners of a source on the shards that are here. */
  runners(source: string): readonly SourceRunner[] {
    return (this.#sourceRunners.get(source) ?? []).filter((runner) => runner !== undefined);
  }

  storeOf(runner: NodeRunner): MemoryStateStore {
    return this.#instance(runner).store;
  }

  sinkOf(runner: NodeRunner): HoldingSink | undefined {
    return this.#instance(runner).sink;
  }

  #openSource(node: SourceNode, source: Pick<Source, "read">): void {
    const { schema } = present(node.outputs[0], "source output");
    const runners = this.#onShards(this.#host.shards, (shard) => {
      const { now, wake, failed, follow, sourcePassed, settled, reached, clockOf } = this.#host;
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
        settled,
        reached: () => reached(node.id),
        clockOf,
        invalid: (runner, split, { position, raw, reason }) =>
          this.#refuse(runner, { raw, reason, node: node.id, split, position: String(position) }, node.id),
        onBarrier: sourcePassed,
        epoch: this.#host.restored?.epoch ?? 0,
      });
    });
    this.#sourceRunners.set(node.id, runners);
    this.sources.push(...runners.filter((runner) => runner !== undefined));
  }

  /** Makes what each shard has, as far as it is here. */
  #onShards<Value>(width: number, make: (shard: number) => Value): Shards<Value> {
    return Array.from({ length: width }, (_, shard) => (this.#isHere(shard) ? make(shard) : undefined));
  }

  #isHere(shard: number): boolean {
    return this.#host.elsewhere?.isHere(shard) ?? true;
  }

  /** The state of a node, one store a shard, with what was stored of it. */
  async #stores(
    { id, inputs, spec }: OperatorNode,
    stored: AsyncIterable<readonly NodeChunk[]> | undefined,
  ): Promise<Shards<MemoryStateStore>> {
    const width = Math.max(...inputs.map(({ node: from }, port) => this.#width(from, spec.exchanges[port])));
    const { budget, migrating } = this.#host;
    const stores = this.#onShards(width, (shard) =>
      storeOf({ shard, width }, { budget, brought: migrating.get(id) }),
    );
    for await (const chunks of stored ?? []) loadStores(stores, chunks);
    return stores;
  }

  #openOperator(node: OperatorNode, stores: Shards<MemoryStateStore>): void {
    const { spec } = node;
    const inputs = this.#inputsOf(node);
    const outputs = spec.outputs(inputs);
    const accepts = acceptsOf(spec, { inputs, generate: this.#host.generate });
    const instances = stores.map((store, shard) => {
      if (store === undefined) return undefined;
      const ledger = new NodeLedger();
      const runner = this.#runner(node, shard, { store, outputs: node.outputs.length, ledger }, (clock) =>
        spec.open(
          this.#context(node, { shard, inputs, outputs, store, ledger, clock, runner: () => runner }),
        ),
      );
      return { runner, store, sink: undefined };
    });
    this.#add(node, instances);
    node.inputs.forEach((edge, port) => {
      const exchange = spec.exchanges[port] ?? "forward";
      const { schema } = present(inputs[port], "an input");
      this.#connect(edge, port, instances, { exchange, schema, accepts });
    });
  }

  #openSink(node: SinkNode): void {
    const input = present(node.input, "sink input");
    const instances = this.#onShards(this.#width(input.node, node.exchange), (shard) => {
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
    const { exchange, shape } = node;
    this.#connect(input, 0, instances, { exchange, schema: shape.schema, accepts: ACCEPTS_ALL });
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
    const { nodePassed: onBarrier, isOver } = this.#host;
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
      isOver,
    });
  }

  #context(
    node: OperatorNode,
    parts: {
      readonly shard: number;
      readonly inputs: readonly Shape[];
      readonly outputs: readonly Shape[];
      readonly store: MemoryStateStore;
      readonly ledger: NodeLedger;
      readonly clock: Time;
      runner(): NodeRunner;
    },
  ): OperatorContext {
    const { shard, inputs, outputs, store, ledger, clock } = parts;
    return {
      nodeId: node.id,
      shard,
      inputs,
      outputs,
      state: store,
      migration: this.#host.migrating.get(node.id) === "by function" ? node.spec.migration : undefined,
      clock,
      generate: this.#host.generate,
      count: (outcome, rows) => {
        ledger.outcomes[outcome] += rows;
      },
      countLatePartial: (rows) => {
        ledger.latePartial += rows;
      },
      reject: (batch, row, reason, thrown) => {
        assert(node.spec.refuses !== false, `"${node.id}" refuses rows, which its spec denies`);
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
    edge: Edge,
    port: number,
    to: Shards<Instance>,
    { exchange, schema, accepts }: Omit<Spreading, "key"> & { readonly exchange: Exchange },
  ): void {
    const upstream = this.#upstream(edge.node, edge.port);
    const given = shapeAt(this.plan, edge).schema;
    for (const [from, all] of upstream.entries()) {
      const targets = all && { push: (target: Target) => all.push(narrowed(target, given, schema)) };
      if (exchange === "forward" || (upstream.length === 1 && to.length === 1)) {
        targets?.push(this.#channel(to[exchange === "forward" ? from : 0], port, true));
        continue;
      }
      const ends = to.flatMap((_, shard) => this.#end({ from, shard }, { to, port, schema }) ?? []);
      targets?.push(spreadingTarget(ends, { schema, key: keyOf(exchange), accepts }));
    }
  }

  /** The sender's end of a channel between two shards; undefined where the sender is elsewhere. */
  #end(
    { from, shard }: { readonly from: number; readonly shard: number },
    { to, port, schema }: { readonly to: Shards<Instance>; readonly port: number; readonly schema: Schema },
  ): ShardEnd | undefined {
    const number = this.#channels++;
    const { elsewhere } = this.#host;
    if (this.#isHere(shard)) {
      const channel = this.#channel(to[shard], port, from === shard);
      if (from === shard) return new DirectEnd(channel);
      if (this.#isHere(from)) return new LocalEnd(channel);
      elsewhere?.receiveFrom(from, number, { channel, schema });
      return undefined;
    }
    return this.#isHere(from) ? elsewhere?.sendTo(shard, number) : undefined;
  }

  #channel(to: Instance | undefined, port: number, direct: boolean): Channel {
    const { runner } = present(to, "a shard that is here");
    const channel = new Channel(runner, port, direct);
    runner.channels.push(channel);
    return channel;
  }

  /** The target lists of an output, one per shard. */
  #upstream(node: string, port: number): Shards<Target[]> {
    const sources = this.#sourceRunners.get(node);
    if (sources !== undefined) return sources.map((runner) => runner?.targets);
    return this.#of(node).map(
      (instance) => instance && present(instance.runner.targets[port], `output ${port} of ${node}`),
    );
  }

  #width(upstream: string, exchange: Exchange | undefined): number {
    if (exchange === "single") return 1;
    if (exchange === undefined || exchange === "forward") return this.#upstreamWidth(upstream);
    return this.#host.shards;
  }

  #upstreamWidth(node: string): number {
    return this.#sourceRunners.get(node)?.length ?? this.#of(node).length;
  }

  #add(node: PlanNode, instances: Shards<Instance>): void {
    this.#instances.set(node.id, instances);
    const runners = instances.flatMap((instance) => instance?.runner ?? []);
    this.nodes.push(...runners);
    this.downstreamFirst.unshift(...runners.toReversed());
  }

  #of(node: string): Shards<Instance> {
    return present(this.#instances.get(node), `node ${node}`);
  }

  #instance(runner: NodeRunner): Instance {
    return present(this.#of(runner.node)[runner.shard], `shard ${runner.shard} of ${runner.node}`);
  }
}
