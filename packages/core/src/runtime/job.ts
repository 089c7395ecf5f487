import type { Checkpoint, CheckpointRecord, Identity, SinkRecord } from "../checkpoint/records.ts";
import type { Savepoint, SavepointRequest } from "../checkpoint/savepoint.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import type { Source } from "../connector.ts";
import type { Plan } from "../plan/plan.ts";
import type { StateBudget } from "../state/state-budget.ts";
import type { Epoch, Label } from "../stream.ts";
import type { WallClock } from "./clock-port.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Checkpointer } from "./checkpointer.ts";
import { closing } from "./closing.ts";
import type { Deliveries } from "./deliveries.ts";
import type { OnStep } from "./delivery.ts";
import { Graph } from "./graph.ts";
import { HeldAhead } from "./held-ahead.ts";
import type { RunReport, Status } from "./report.ts";
import { Savepoints } from "./savepoints.ts";
import { sinkNodes, sinkRecord } from "./sink-nodes.ts";
import { SpillNotices } from "./spill-notices.ts";
import { SplitFinder } from "./split-finder.ts";
import type { StateHistory } from "./state-history.ts";
import { statusOf } from "./status-of.ts";
import { lateUnread } from "./steps.ts";
import { storedChunks } from "./stored-chunks.ts";
import { Waker } from "./waker.ts";

/** Milliseconds of work between two looks at the event loop. */
const SLICE_MS = 8;
/** Milliseconds between two flushes under low load. */
const FLUSH_EVERY_MS = 100;
/** Bytes of rows for sinks in memory, on a disk that is slower than they come: sources then wait for it. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** What a job is made of. */
export interface JobParts {
  readonly plan: Plan;
  readonly fingerprint: string;
  readonly label: Label;
  readonly state: StateFile;
  readonly identity: Identity;
  readonly restored: CheckpointRecord | undefined;
  /** Nodes whose rows were stored under another layout. */
  readonly migrating: ReadonlySet<string>;
  /** The caller closes it. */
  readonly budget: StateBudget;
  /** Something that is no error and that whoever runs this should know. */
  readonly onNotice: (notice: string) => void;
  readonly deliveries: Deliveries;
  readonly sources: ReadonlyMap<string, Source>;
  readonly shards: number;
  readonly generate: boolean;
  readonly follow: boolean;
  readonly drain: boolean;
  readonly clock: WallClock;
  /** Asks for a clean stop. */
  readonly signal: AbortSignal;
  readonly onStep: OnStep;
  /** Asks for savepoints by itself. */
  readonly history?: StateHistory | undefined;
  /** See `AHEAD_BYTES_MIN`: for tests with few rows. */
  readonly aheadBytesMin?: number | undefined;
  /** Orders runners anew in each round: for tests that try other schedules. */
  readonly shuffle?: (<T>(runners: readonly T[]) => readonly T[]) | undefined;
}

/** Drives a graph from its sources to the last delivery. */
export class Job {
  readonly #parts: JobParts;
  readonly #graph: Graph;
  readonly #heldAhead: HeldAhead;
  readonly #checkpointer: Checkpointer;
  readonly #acknowledgements: Acknowledgements;
  readonly #savepoints: Savepoints;
  readonly #splits: SplitFinder;
  readonly #sinkRecords: readonly SinkRecord[];
  readonly #lateUnread: readonly string[];
  readonly #spillNotices: SpillNotices;
  #last: CheckpointRecord | undefined;
  #committing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #checkpointAt: number;
  #flushAt: number;
  readonly #waker = new Waker();

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.#last = parts.restored;
    this.#flushAt = parts.clock.now() + FLUSH_EVERY_MS;
    this.#checkpointAt = parts.clock.now() + this.#checkpointEveryMs;
    const failed = (error: unknown): void => this.#fail(error);
    this.#graph = new Graph(parts.plan, {
      shards: parts.shards,
      generate: parts.generate,
      follow: parts.follow,
      restored: parts.restored,
      migrating: parts.migrating,
      budget: parts.budget,
      now: () => parts.clock.now(),
      wake: this.#waker.wake,
      failed,
      nodePassed: (runner, epoch) => this.#checkpointer.nodePassed(runner, epoch),
      sourcePassed: (runner, epoch) => this.#checkpointer.sourcePassed(runner, epoch),
    });
    this.#heldAhead = new HeldAhead(this.#graph.sinkRows, parts.state, {
      bytesMin: parts.aheadBytesMin,
      failed,
    });
    this.#checkpointer = new Checkpointer(this.#graph, this.#heldAhead, parts.restored);
    this.#acknowledgements = new Acknowledgements(parts.sources, parts.restored, failed);
    this.#savepoints = new Savepoints({
      copy: (request) => this.#copy(request),
      wake: this.#waker.wake,
      failed,
      history: parts.history,
    });
    this.#splits = new SplitFinder({ ...parts, runners: (source) => this.#graph.runners(source), failed });
    this.#sinkRecords = sinkNodes(parts.plan).map(sinkRecord);
    this.#lateUnread = lateUnread(parts.plan);
    this.#spillNotices = new SpillNotices(parts.plan.name, parts.onNotice);
  }

  get #checkpointEveryMs(): number {
    return this.#parts.plan.checkpointEvery / 1000;
  }

  /** Runs until the input ends, the signal asks to stop, or something fails. */
  async run(): Promise<RunReport> {
    const { signal } = this.#parts;
    signal.addEventListener("abort", this.#waker.wake);
    try {
      return await closing(
        () => this.#runToEnd(),
        () => this.#graph.sources,
      );
    } finally {
      signal.removeEventListener("abort", this.#waker.wake);
      this.#savepoints.end();
    }
  }

  async #runToEnd(): Promise<RunReport> {
    const { state, sources, signal } = this.#parts;
    await this.#graph.open(sources, (node) => storedChunks(state, node));
    await this.#splits.find(this.#last, true);
    const ended = await this.#loop();
    await this.#finishSavepoints();
    const drained = ended === "drained";
    if (drained) await this.#drain();
    await this.#stopCleanly(drained);
    return { ...this.status(), ended: signal.aborted && !drained ? "stopped" : ended };
  }

  /** Takes a savepoint of all that was read until now. */
  savepoint(request: SavepointRequest): Promise<Savepoint> {
    return this.#savepoints.ask(request);
  }

  /** The pipeline at this moment. */
  status(): Status {
    return statusOf(this.#parts, this.#graph, {
      epoch: this.#last?.epoch ?? 0,
      lateUnread: this.#lateUnread,
    });
  }

  async #loop(): Promise<"input" | "drained" | "stopped"> {
    const { clock, follow, signal } = this.#parts;
    for (let sliceEnd = clock.now() + SLICE_MS; ;) {
      this.#throwFailure();
      if (signal.aborted && this.#sourcesStopped()) return "stopped";
      const progressed = this.#work();
      this.#sendAhead();
      this.#checkpointWhenDue();
      this.#deliver(false);
      this.#acknowledge();
      if (!progressed) {
        if (this.#inputEnded()) return this.#closesWindows() ? "drained" : "input";
        await this.#sleep();
      }
      // Also after a sleep: what woke it may have come in the same turn of the event loop, time after time.
      const isOver = clock.now() >= sliceEnd;
      if (isOver) {
        await clock.yield();
        sliceEnd = clock.now() + SLICE_MS;
      }
      // Also while there is always work: new splits must not wait for the old ones.
      if (follow && (isOver || !progressed)) this.#splits.lookWhenDue(this.#last);
    }
  }

  /** Asks all sources to stop; says whether they have. */
  #sourcesStopped(): boolean {
    const { sources } = this.#graph;
    for (const source of sources) source.stop();
    return sources.every(({ stopped }) => stopped);
  }

  /** One round over all nodes and sources; says whether anything was done. */
  #work(): boolean {
    this.#settleState();
    let progressed = this.#pump();
    if (this.#crowded()) return progressed;
    const { sources } = this.#graph;
    // A split that speaks again must not be overtaken by the clocks of the others: they wait until it has its mark.
    const waking = sources.filter((source) => source.waking);
    for (const source of this.#ordered(waking.length > 0 ? waking : sources))
      progressed = source.step() || progressed;
    return progressed;
  }

  /** No operator works at this moment: what they have asked of their state may be spilled. */
  #settleState(): void {
    const { budget, clock } = this.#parts;
    budget.settle();
    if (!budget.hasSpilled) return;
    const rows = this.#graph.sources.reduce((sum, { ledger }) => sum + ledger.rowsIn, 0);
    this.#spillNotices.look(clock.now(), budget.use, rows);
  }

  /** One round over all nodes, those downstream first; says whether anything was done. */
  #pump(): boolean {
    let progressed = false;
    for (const runner of this.#ordered(this.#graph.downstreamFirst)) progressed = runner.pump() || progressed;
    return progressed;
  }

  #ordered<T>(runners: readonly T[]): readonly T[] {
    return this.#parts.shuffle?.(runners) ?? runners;
  }

  /** Whether sources wait: until the state has what the sinks hold, or until they have delivered. */
  #crowded(): boolean {
    const { sinkRows } = this.#graph;
    if (sinkRows.bytesInMemory() > HELD_BYTES_MAX) return true;
    return this.#parts.deliveries.crowded((sink) => sinkRows.bytesOf(sink));
  }

  async #sleep(): Promise<void> {
    const { clock } = this.#parts;
    const now = clock.now();
    if (now >= this.#flushAt) {
      this.#flushAt = now + FLUSH_EVERY_MS;
      for (const runner of this.#graph.nodes) runner.flush();
    }
    const waits = this.#graph.sources.flatMap((source) => source.wait() ?? []);
    const until = Math.max(0, Math.min(this.#checkpointAt - now, FLUSH_EVERY_MS, ...waits));
    await this.#waker.sleep(clock, Math.max(until, 1));
  }

  #inputEnded(): boolean {
    return this.#graph.sources.every(({ ended }) => ended) && this.#graph.idle() && !this.#splits.looking;
  }

  #closesWindows(): boolean {
    const { plan, drain } = this.#parts;
    return drain || plan.nodes.every((node) => node.kind !== "source" || node.spec.bounded);
  }

  #checkpointWhenDue(): void {
    const now = this.#parts.clock.now();
    // Only what a checkpoint holds can be delivered, so crowded sinks do not wait for its time.
    const due = now >= this.#checkpointAt || (this.#graph.sinkRows.any() && this.#crowded());
    this.#keepHistory(false);
    const isQuiet =
      this.#committing === undefined && !this.#checkpointer.running && !this.#savepoints.copying;
    if (isQuiet && this.#savepoints.waiting) {
      if (this.#savepoints.step(this.#hasNews()) === "barrier") this.#beginCheckpoint();
    } else if (isQuiet && due) {
      this.#checkpointAt = now + this.#checkpointEveryMs;
      if (this.#hasNews()) this.#beginCheckpoint();
    }
    this.#storeWhenComplete(false);
  }

  /** Between a barrier and its commit no rows of the next epoch go to the state: it has one that runs. */
  #sendAhead(): void {
    if (!this.#checkpointer.running && this.#committing === undefined)
      this.#heldAhead.sendWhenDue(this.#nextEpoch);
  }

  get #nextEpoch(): Epoch {
    return (this.#last?.epoch ?? 0) + 1;
  }

  /**
   * Begins deliveries: with a checkpoint that was just stored those whose time is near, so that they show all that was
   * read until now. Others wait for the next one, if there is anything that it will have.
   */
  #deliver(isFresh: boolean): void {
    const { deliveries, signal } = this.#parts;
    const isNext = this.#committing !== undefined || this.#checkpointer.running || this.#hasNews();
    const earlyMs = (isFresh ? 0.5 : isNext ? -1 : 0) * this.#checkpointEveryMs;
    if (!this.#savepoints.copying) deliveries.deliverWhenDue(this.#last, signal.aborted, earlyMs);
  }

  #beginCheckpoint(): void {
    this.#checkpointer.begin(this.#nextEpoch);
  }

  /** Copies the state when its last checkpoint is delivered: what is begun from the copy has nothing left to show. */
  async #copy(request: SavepointRequest): Promise<Savepoint> {
    const { deliveries, state } = this.#parts;
    if (this.#last !== undefined) await deliveries.deliverAll(this.#last);
    return state.savepoint(request);
  }

  #keepHistory(isEnd: boolean): void {
    const epoch = (this.#last?.epoch ?? 0) + (isEnd && this.#hasNews() ? 1 : 0);
    this.#savepoints.keepHistory(epoch, isEnd);
  }

  /** Savepoints that were asked for before the input ended have what was read until then. */
  async #finishSavepoints(): Promise<void> {
    await this.#savepoints.settled();
    this.#keepHistory(true);
    if (!this.#savepoints.waiting) return;
    await this.#stopCleanly(false);
    await this.#savepoints.finish();
    this.#throwFailure();
  }

  #acknowledge(): void {
    this.#acknowledgements.shown(this.#parts.deliveries.shownThrough(this.#last?.epoch ?? 0));
  }

  /** Whether there is anything that the last checkpoint does not have. */
  #hasNews(): boolean {
    return this.#graph.sinkRows.any() || this.#graph.sources.some(({ active }) => active);
  }

  #storeWhenComplete(drained: boolean): void {
    const checkpoint = this.#checkpointer.take(drained, this.#parts.fingerprint, this.#sinkRecords);
    if (checkpoint === undefined) return;
    this.#committing = this.#store(checkpoint)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#committing = undefined;
        this.#waker.wake();
      });
  }

  async #store(checkpoint: Checkpoint): Promise<void> {
    // The frames themselves are given away.
    const last = checkpoint.held.map(({ sink, rows, bytes }) => ({ sink, rows, bytes: bytes.length }));
    const held = [...checkpoint.ahead, ...last];
    await this.#heldAhead.arrived();
    this.#throwFailure();
    await this.#parts.state.commit(checkpoint);
    await this.#parts.onStep("checkpoint stored", this.#parts.plan.name);
    this.#last = checkpoint.record;
    this.#parts.deliveries.held(held, checkpoint.record.epoch);
    this.#deliver(true);
    this.#acknowledgements.stored(checkpoint.record);
  }

  async #drain(): Promise<void> {
    for (const source of this.#graph.sources) source.finish();
    await this.#settle();
  }

  /** Works until nothing is left inside the graph. */
  async #settle(): Promise<void> {
    for (;;) {
      this.#throwFailure();
      this.#settleState();
      if (!this.#pump() && this.#graph.idle()) return;
      await this.#parts.clock.yield();
    }
  }

  /** The last checkpoint, then the last delivery of every sink. */
  async #stopCleanly(drained: boolean): Promise<void> {
    // A barrier that is on its way went before the end of the input.
    await this.#finishCheckpoint(false);
    if (this.#hasNews() || drained) {
      this.#beginCheckpoint();
      await this.#finishCheckpoint(drained);
    }
    if (this.#last !== undefined) await this.#parts.deliveries.deliverAll(this.#last);
    this.#acknowledge();
    await this.#acknowledgements.settled();
    this.#throwFailure();
  }

  async #finishCheckpoint(drained: boolean): Promise<void> {
    while (this.#checkpointer.running) {
      await this.#settle();
      this.#storeWhenComplete(drained);
    }
    await this.#committing;
    this.#throwFailure();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#waker.wake();
  }

  #throwFailure(): void {
    const failure = this.#failure ?? this.#parts.deliveries.failure();
    if (failure !== undefined) throw failure.error;
  }
}
