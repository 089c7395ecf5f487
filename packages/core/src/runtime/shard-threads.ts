import { type MessagePort, Worker } from "node:worker_threads";
import { assert, present } from "../assert.ts";
import { givenAway } from "../checkpoint/given-away.ts";
import type { PlacedFrame } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import type { Elsewhere, Source, Split } from "../connector.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { endOfThread, heardError, lostThread } from "../thread-errors.ts";
import type { Time } from "../time.ts";
import type { Elsewheres } from "./graph.ts";
import type { Migrating } from "./migrating.ts";
import { isQuiet } from "./quiet.ts";
import { portsBetween, ShardLinks, threadOf, type ThreadMessage } from "./shard-links.ts";
import type { EpochPart, Order, RunnerName, ShardNews, ShardView } from "./shard-messages.ts";
import type { ShardStart } from "./shard-run.ts";
import type { ShardWork } from "./shard-work.ts";
import type { SplitTaker } from "./split-finder.ts";

/** What the threads of a run are started with. */
export interface ThreadsParts extends Pick<
  ShardWork,
  "shards" | "fingerprint" | "lambdas" | "generate" | "follow" | "restored"
> {
  /** Undefined where the main thread has all shards. */
  readonly threads?: ThreadsBesides | undefined;
  readonly migrating: Migrating;
  readonly aheadBytesMin?: number | undefined;
  readonly state: Pick<StateFile, "chunkList" | "chunks">;
  readonly wake: () => void;
  readonly failed: (error: unknown) => void;
}

/** What threads besides the main one need. */
interface ThreadsBesides extends Pick<ShardWork, "plan" | "stateDirectory"> {
  /** As they were opened: those that can be are read on these threads. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Of each thread, the main one first: bytes of state, and decode threads. */
  readonly budgets: readonly number[];
  readonly decodeThreads: readonly number[];
}

/** A thread as it was heard of last. */
interface Thread {
  readonly number: number;
  readonly worker: Worker;
  readonly opened: PromiseWithResolvers<void>;
  news: ShardNews | undefined;
  view: ShardView | undefined;
  /** Of the running epoch, or of the next one where its part is here. */
  frames: PlacedFrame[];
  part: EpochPart | undefined;
  /** What was asked for a view of now. */
  asked: PromiseWithResolvers<void> | undefined;
  /** Numbers of what splits have in common, as far as it knows them. */
  readonly shared: Map<unknown, number>;
}

// The same line serves the sources (.ts, types stripped by Node) and the release (.js).
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/**
 * The threads of a run besides the main one, with the shards that they have. They say how far they are; what is asked
 * of the whole graph is answered from that, and the answers hold although they come one after another (`quiet`).
 */
export class ShardThreads {
  readonly #parts: ThreadsParts;
  readonly #links: ShardLinks;
  readonly #ports: readonly (readonly (MessagePort | undefined)[])[];
  readonly #threads: Thread[] = [];
  #rests = true;
  #stops = false;
  #closed = false;

  constructor(parts: ThreadsParts) {
    this.#parts = parts;
    this.#ports = portsBetween(parts.threads?.budgets.length ?? 1);
    this.#links = new ShardLinks(0, present(this.#ports[0], "ports"), {
      heard: (thread, message) => this.#heard(thread, message),
      wake: parts.wake,
    });
  }

  /** The shards that they have, as the graph of the main thread sees them; undefined where it has all. */
  get elsewhere(): Elsewheres | undefined {
    return this.#parts.threads === undefined ? undefined : this.#links;
  }

  /**
   * Starts them. Resolves when all have their shards, with the state that was stored.
   * @throws DF_THREAD where there can be no further thread, and what one of them has thrown
   */
  async open(): Promise<void> {
    for (const [index, ports] of this.#ports.slice(1).entries())
      this.#threads.push(this.#start(index + 1, ports));
    await Promise.all(this.#threads.map(({ opened }) => opened.promise));
  }

  /** What reads splits of a source on these threads, shard by shard; nothing where only the main one can. */
  takers(node: string): SplitTaker[] {
    const { shards, threads } = this.#parts;
    const elsewhere = threads?.sources.get(node)?.elsewhere;
    if (elsewhere === undefined) return [];
    return Array.from({ length: shards }, (_, shard) => {
      const thread = this.#threads[threadOf(shard, this.#threads.length + 1) - 1];
      return thread === undefined ? [] : this.#taker(thread, { node, shard }, elsewhere);
    }).flat();
  }

  // ── Rounds of the main thread ──────────────────────────────────────────────────────────────────────────────────

  /** Hears what has come; says whether anything has. */
  receive(): boolean {
    return this.#links.receive();
  }

  /** Sends what waits for them: all of it, or what is worth it. */
  flush(messagesMin?: number): void {
    this.#links.flush(messagesMin);
  }

  /** Tells all of them. */
  order(order: Order): void {
    for (const thread of this.#threads) this.#order(thread, order);
  }

  /** Lets their sources rest, or not any more. */
  rest(rests: boolean): void {
    if (this.#rests === rests) return;
    this.#rests = rests;
    this.order({ kind: "rest", rests });
  }

  /** Begins a clean stop. */
  stop(): void {
    if (this.#stops) return;
    this.#stops = true;
    this.order({ kind: "stop" });
  }

  // ── What is asked of the whole graph ───────────────────────────────────────────────────────────────────────────

  /** Whether nothing is on its way between nodes on any thread, if the part of the main one is idle: see `isQuiet`. */
  quiet(): boolean {
    return isQuiet([{ ...this.#links.counts, idle: true }, ...this.#threads.map(({ news }) => news)]);
  }

  /** All splits there have ended, or have stopped, as far as is known. */
  get ended(): boolean {
    return this.#threads.every(({ news }) => news?.ended === true);
  }

  get stopped(): boolean {
    return this.#threads.every(({ news }) => news?.stopped === true);
  }

  /** Whether there is anything that the last checkpoint does not have. */
  get active(): boolean {
    return this.#threads.some(({ news, frames }) => news?.active === true || frames.length > 0);
  }

  /** Runners with a split that waits to speak. */
  get waking(): RunnerName[] {
    return this.#threads.flatMap(({ news }) => news?.waking ?? []);
  }

  /** Clocks of their nodes and sources, while these rest. */
  get clocks(): readonly { readonly node: string; readonly clock: Time }[] {
    return this.#threads.flatMap(({ news }) => news?.clocks ?? []);
  }

  /** Splits that waited may speak. */
  speak(runners: readonly RunnerName[], reached: ReadonlyMap<string, Time>): void {
    this.order({ kind: "speak", runners, reached });
    for (const thread of this.#threads)
      if (thread.news !== undefined) thread.news = { ...thread.news, waking: [] };
  }

  get rowsRead(): number {
    return this.#threads.reduce((sum, { news }) => sum + (news?.rowsRead ?? 0), 0);
  }

  /** Where their state is, and whether any of it has been spilled. */
  get budgets(): readonly Pick<StateBudget, "use" | "hasSpilled">[] {
    return this.#threads.flatMap(({ news }) =>
      news === undefined ? [] : [{ use: news.budget, hasSpilled: news.hasSpilled }],
    );
  }

  // ── Rows of sinks ──────────────────────────────────────────────────────────────────────────────────────────────

  bytesOf(sink: string): number {
    return this.#threads.reduce((sum, { news }) => sum + (news?.sinkBytes.get(sink) ?? 0), 0);
  }

  bytesInMemory(): number {
    const there = this.#threads.reduce((sum, { news }) => sum + (news?.bytesInMemory ?? 0), 0);
    return there + this.untakenBytes();
  }

  /** Bytes that `takeFrames` gives. */
  untakenBytes(): number {
    let bytes = 0;
    for (const { frames } of this.#threads) for (const frame of frames) bytes += frame.bytes.length;
    return bytes;
  }

  /** Frames that have come ahead of the barrier. Not to be called while one is on its way. */
  takeFrames(): PlacedFrame[] {
    return this.#threads.flatMap((thread) => thread.frames.splice(0));
  }

  /** Their parts of an epoch, once all are here. */
  takeParts(): EpochPart[] | undefined {
    const parts = this.#threads.flatMap(({ part }) => part ?? []);
    if (parts.length < this.#threads.length) return undefined;
    for (const thread of this.#threads) thread.part = undefined;
    return parts;
  }

  // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What was seen of them last. */
  get views(): ShardView[] {
    return this.#threads.flatMap(({ view }) => view ?? []);
  }

  /** Resolves when the views are those of now. */
  async look(): Promise<void> {
    const asked = this.#threads.map((thread) => (thread.asked = Promise.withResolvers()).promise);
    this.order({ kind: "view" });
    this.flush();
    await Promise.all(asked);
  }

  /** Ends all threads, whatever they are at. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#links.close();
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  // ── One thread ─────────────────────────────────────────────────────────────────────────────────────────────────

  #start(number: number, ports: readonly (MessagePort | undefined)[]): Thread {
    const file = new URL(`./shard-worker.${extension}`, import.meta.url);
    let worker: Worker;
    try {
      const transferList = ports.filter((port) => port !== undefined);
      worker = new Worker(file, { workerData: this.#workOf(number, ports), transferList });
    } catch (cause) {
      throw lostThread(cause);
    }
    const ended = (error: unknown): void => {
      // It may have said why: what it has sent comes another way, and may not have been heard yet.
      this.#links.receive();
      this.#fail(error);
    };
    worker.on("error", (thrown) => ended(endOfThread(thrown)));
    worker.on("exit", (code) => ended(lostThread(`it has ended with code ${code}`)));
    const opened = Promise.withResolvers<void>();
    // Whoever waits for all of them is told of the first.
    opened.promise.catch(() => {});
    return {
      number,
      worker,
      opened,
      news: undefined,
      view: undefined,
      frames: [],
      part: undefined,
      asked: undefined,
      shared: new Map(),
    };
  }

  #workOf(number: number, ports: readonly (MessagePort | undefined)[]): ShardStart {
    const { shards, fingerprint, lambdas, generate, follow, restored, aheadBytesMin } = this.#parts;
    const { plan, stateDirectory, budgets, decodeThreads } = present(this.#parts.threads, "threads");
    return {
      thread: number,
      ports,
      shards,
      plan,
      fingerprint,
      lambdas,
      restored: restored && { epoch: restored.epoch, clocks: restored.clocks },
      migrating: this.#parts.migrating,
      stateDirectory,
      budgetBytes: present(budgets[number], "the budget of a thread"),
      decodeThreads: present(decodeThreads[number], "decode threads of a thread"),
      generate,
      follow,
      aheadBytesMin,
    };
  }

  #taker(thread: Thread, runner: RunnerName, elsewhere: (split: Split) => Elsewhere): SplitTaker {
    const known = new Set<string>();
    return {
      reads: (split) => known.has(split),
      add: (split, record, found) => {
        known.add(split.id);
        const place = this.#told(thread, elsewhere(split));
        this.#order(thread, { kind: "split", runner, split: split.id, ...place, record, found });
      },
    };
  }

  #order({ number }: Thread, order: Order): void {
    this.#links.to(number).send({ kind: "order", order });
  }

  /** Tells what a split has in common with others once. */
  #told(
    thread: Thread,
    { module, shared, split }: Elsewhere,
  ): { readonly shared: number; readonly own: unknown } {
    let number = thread.shared.get(shared);
    if (number === undefined) {
      number = thread.shared.size;
      thread.shared.set(shared, number);
      this.#order(thread, { kind: "shared", shared: number, of: { module, shared } });
    }
    return { shared: number, own: split };
  }

  #heard(number: number, message: ThreadMessage): void {
    const thread = present(this.#threads[number - 1], `thread ${number}`);
    switch (message.kind) {
      case "opened":
        return thread.opened.resolve();
      case "news":
        thread.news = message.news;
        return;
      case "view":
        thread.view = message.view;
        if (message.asked) thread.asked?.resolve();
        return;
      case "frames":
        thread.frames.push(...message.frames);
        return;
      case "part": {
        const { part, view } = message;
        thread.view = view;
        // What came ahead of it belongs to the same epoch.
        thread.part = { ...part, held: [...thread.frames.splice(0), ...part.held] };
        return;
      }
      case "ask":
        void this.#answer(thread, message);
        return;
      case "failed":
        return this.#fail(heardError(message.error));
      case "order":
      case "answer":
        return assert(false, `"${message.kind}" from a thread`);
    }
  }

  async #answer(
    { number }: Thread,
    { id, what, given }: Extract<ThreadMessage, { readonly kind: "ask" }>,
  ): Promise<void> {
    const { state } = this.#parts;
    try {
      if (what === "chunkList") {
        const value = await state.chunkList(given as string);
        this.#links.to(number).send({ kind: "answer", id, value });
      } else {
        const value = await state.chunks(given as readonly number[]);
        this.#links.to(number).send({ kind: "answer", id, value }, givenAway(value));
      }
      this.#links.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    for (const { opened, asked } of this.#threads) {
      opened.reject(error);
      asked?.reject(error);
    }
    this.#parts.failed(error);
    this.#parts.wake();
  }
}
