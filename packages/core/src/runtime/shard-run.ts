import type { MessagePort } from "node:worker_threads";
import type { NodeChunk } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import { givenAway } from "../checkpoint/given-away.ts";
import { present, unreachable } from "../assert.ts";
import type { Source } from "../connector.ts";
import type { Plan } from "../plan/plan.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { toldError } from "../thread-errors.ts";
import { SYSTEM_CLOCK } from "./clock-port.ts";
import { DecodePool } from "./decode-pool.ts";
import { ElsewhereSource } from "./elsewhere-source.ts";
import { EpochParts } from "./epoch-parts.ts";
import { Graph } from "./graph.ts";
import { AHEAD_BYTES_MIN } from "./held-ahead.ts";
import { FLUSHED_MIN } from "./link.ts";
import { Rounds } from "./rounds.ts";
import { ShardLinks, type ThreadMessage } from "./shard-links.ts";
import type { Order, ShardNews, ShardWord } from "./shard-messages.ts";
import { viewOf } from "./shard-view.ts";
import type { ShardWork } from "./shard-work.ts";
import { Slice } from "./slice.ts";
import { SourceTurns } from "./source-turns.ts";
import { storedChunks } from "./stored-chunks.ts";
import { Waker } from "./waker.ts";

/** Milliseconds between two views that are told. */
const VIEW_EVERY_MS = 250;
/** The main thread. */
const MAIN = 0;

/** What a run of shards is started with on its thread. */
export interface ShardStart extends ShardWork {
  /** The ways to the other threads, by their numbers; undefined at its own. */
  readonly ports: readonly (MessagePort | undefined)[];
}

/** The shards of a run that one of its threads has, as that thread runs them until it is ended. */
export class ShardRun {
  readonly #work: ShardStart;
  readonly #plan: Plan;
  readonly #budget: StateBudget;
  readonly #links: ShardLinks;
  readonly #graph: Graph;
  readonly #rounds: Rounds;
  readonly #turns: SourceTurns;
  readonly #parts: EpochParts;
  readonly #sources: ReadonlyMap<string, ElsewhereSource>;
  readonly #decoding: DecodePool;
  readonly #shared = new Map<number, Extract<Order, { readonly kind: "shared" }>["of"]>();
  readonly #answers = new Map<number, (value: unknown) => void>();
  #asked = 0;
  readonly #waker = new Waker();
  readonly #slice: Slice = new Slice(SYSTEM_CLOCK);
  #failure: { readonly error: unknown } | undefined;
  /** Something was done since the last news, and since the last view. */
  #hasNews = true;
  #hasMoved = true;
  #viewAt = 0;

  constructor(work: ShardStart, plan: Plan, budget: StateBudget) {
    this.#work = work;
    this.#plan = plan;
    this.#budget = budget;
    this.#decoding = new DecodePool(work.decodeThreads);
    const { wake } = this.#waker;
    this.#links = new ShardLinks(work.thread, work.ports, {
      heard: (_, message) => this.#heard(message),
      wake,
    });
    this.#graph = new Graph(plan, {
      ...work,
      elsewhere: this.#links,
      budget,
      now: () => SYSTEM_CLOCK.now(),
      isOver: this.#slice.isOver,
      wake,
      failed: (error) => {
        this.#failure ??= { error };
        wake();
      },
      settled: (source) => this.#turns.settled(source),
      reached: (source) => this.#turns.reached(source),
      nodePassed: (runner, epoch) => this.#parts.nodePassed(runner, epoch),
      sourcePassed: (runner, epoch) => this.#parts.sourcePassed(runner, epoch),
    });
    this.#rounds = new Rounds(this.#graph, SYSTEM_CLOCK);
    this.#turns = new SourceTurns(this.#graph.sources, this.#rounds);
    this.#parts = new EpochParts(this.#graph);
    this.#sources = new Map(
      plan.nodes.flatMap(({ kind, id }) => (kind === "source" ? [[id, new ElsewhereSource()]] : [])),
    );
  }

  /** Runs until the thread is ended, which the main one does. What goes wrong is told to that one. */
  async run(): Promise<void> {
    try {
      await this.#graph.open(this.#readable(), (node) => storedChunks(this.#stored, node));
      this.#tell({ kind: "opened" });
      await this.#loop();
    } catch (thrown) {
      this.#tell({ kind: "failed", error: toldError(thrown) });
      this.#links.flush();
    }
  }

  async #loop(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const progressed = this.#round();
      const isOver = this.#slice.isOver();
      if (isOver || !progressed) this.#tellNews();
      this.#links.flush(isOver || !progressed ? 1 : FLUSHED_MIN);
      if (!progressed && !this.#rounds.flushWhenDue()) {
        await this.#waker.sleep(SYSTEM_CLOCK, Math.max(this.#rounds.wait(), 1));
      }
      if (isOver) await this.#slice.end();
    }
  }

  /** Says whether anything was done. */
  #round(): boolean {
    const heard = this.#links.receive();
    this.#budget.settle();
    const pumped = this.#rounds.pump();
    const progressed = this.#turns.step() || pumped || heard;
    this.#hasNews ||= progressed;
    this.#hasMoved ||= progressed;
    this.#tellPart();
    this.#sendAhead();
    return progressed;
  }

  /** Sources whose splits are read on this thread, or on the decode threads that it has. */
  #readable(): ReadonlyMap<string, Source> {
    return this.#decoding.sources(this.#plan, this.#sources);
  }

  // ── What it is told ────────────────────────────────────────────────────────────────────────────────────────────

  #heard(message: ThreadMessage): void {
    this.#hasNews = true;
    if (message.kind === "order") this.#obey(message.order);
    else if (message.kind === "answer") {
      this.#answers.get(message.id)?.(message.value);
      this.#answers.delete(message.id);
    }
  }

  #obey(order: Order): void {
    const { sources } = this.#graph;
    switch (order.kind) {
      case "shared":
        this.#shared.set(order.shared, order.of);
        return;
      case "split":
        return this.#add(order);
      case "barrier":
        return this.#parts.begin(order.epoch);
      case "rest":
        this.#turns.rests = order.rests;
        return;
      case "speak":
        return this.#turns.speak(order.runners, order.reached);
      case "stop":
        for (const source of sources) source.stop();
        return;
      case "finish":
        for (const source of sources) source.finish();
        return;
      case "view":
        return this.#tell({ kind: "view", view: viewOf(this.#graph), asked: true });
      default:
        return unreachable(order);
    }
  }

  #add({ runner, split, shared, own, record, found }: Extract<Order, { readonly kind: "split" }>): void {
    const of = present(this.#shared.get(shared), "what splits have in common");
    present(this.#sources.get(runner.node), runner.node).add(split, { ...of, split: own });
    const taker = this.#graph.runners(runner.node).find(({ shard }) => shard === runner.shard);
    present(taker, "a shard that is here").add({ id: split }, record, found);
  }

  // ── What it tells ──────────────────────────────────────────────────────────────────────────────────────────────

  #tell(word: ShardWord, carried: readonly ArrayBuffer[] = []): void {
    this.#links.to(MAIN).send(word, carried);
  }

  #tellNews(): void {
    const now = SYSTEM_CLOCK.now();
    if (this.#hasMoved && now >= this.#viewAt) {
      this.#hasMoved = false;
      this.#viewAt = now + VIEW_EVERY_MS;
      this.#tell({ kind: "view", view: viewOf(this.#graph), asked: false });
    }
    if (!this.#hasNews) return;
    this.#hasNews = false;
    this.#tell({ kind: "news", news: this.#news() });
  }

  #news(): ShardNews {
    const { sources, nodes, sinkRows } = this.#graph;
    const clocks = this.#turns.rests ? [...nodes, ...sources] : [];
    return {
      ...this.#links.counts,
      idle: this.#graph.idle(),
      ended: sources.every(({ ended }) => ended),
      stopped: sources.every(({ stopped }) => stopped),
      active: sinkRows.any() || sources.some(({ active }) => active),
      waking: this.#turns.waiting,
      clocks: clocks.map(({ node, clock }) => ({ node, clock })),
      sinkBytes: sinkRows.bytesBySink(),
      bytesInMemory: sinkRows.bytesInMemory(),
      rowsRead: sources.reduce((sum, { ledger }) => sum + ledger.rowsIn, 0),
      budget: this.#budget.use,
      hasSpilled: this.#budget.hasSpilled,
    };
  }

  /** Tells its part of an epoch, when it is whole. */
  #tellPart(): void {
    const part = this.#parts.take();
    if (part === undefined) return;
    const carried = givenAway([...part.chunks, ...part.held]);
    this.#tell({ kind: "part", part, view: viewOf(this.#graph) }, carried);
    this.#tell({ kind: "news", news: this.#news() });
  }

  /** Between a barrier and its part, frames may belong to two epochs. */
  #sendAhead(): void {
    const { sinkRows } = this.#graph;
    const { aheadBytesMin = AHEAD_BYTES_MIN } = this.#work;
    if (this.#parts.running || sinkRows.untakenBytes() < aheadBytesMin) return;
    const frames = sinkRows.takeFrames();
    this.#tell({ kind: "frames", frames }, givenAway(frames));
    this.#hasNews = true;
  }

  // ── What it asks for ───────────────────────────────────────────────────────────────────────────────────────────

  readonly #stored: Pick<StateFile, "chunkList" | "chunks"> = {
    chunkList: (node) => this.#ask<{ id: number; sizeBytes: number }[]>("chunkList", node),
    chunks: (ids) => this.#ask<NodeChunk[]>("chunks", ids),
  };

  #ask<Value>(what: "chunkList" | "chunks", given: unknown): Promise<Value> {
    const id = ++this.#asked;
    const asked = new Promise<Value>((resolve) => {
      this.#answers.set(id, resolve as (value: unknown) => void);
    });
    this.#tell({ kind: "ask", id, what, given });
    this.#links.flush();
    return asked;
  }
}
