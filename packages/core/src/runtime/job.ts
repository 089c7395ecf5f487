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
import { HeldAhead } from "./held-ahead.ts";
import type { ClockOf } from "./input-clock.ts";
import type { Migrating } from "./migrating.ts";
import type { RunReport, Status } from "./report.ts";
import { FLUSH_EVERY_MS } from "./rounds.ts";
import { Savepoints } from "./savepoints.ts";
import { Shards, type ShardsParts } from "./shards.ts";
import { sinkNodes, sinkRecord } from "./sink-nodes.ts";
import { Slice } from "./slice.ts";
import { SpillNotices } from "./spill-notices.ts";
import { SplitFinder } from "./split-finder.ts";
import type { StateHistory } from "./state-history.ts";
import { statusOf } from "./status-of.ts";
import { lateUnread, resultsUnread } from "./steps.ts";
import { waitingOf } from "./waiting.ts";
import { Waker } from "./waker.ts";

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
  readonly migrating: Migrating;
  /** The caller closes it. */
  readonly budget: StateBudget;
  /** Something that is no error and that whoever runs this should know. */
  readonly onNotice: (notice: string) => void;
  readonly deliveries: Deliveries;
  readonly sources: ReadonlyMap<string, Source>;
  /** Undefined where sources give on the clocks of their splits. */
  readonly clockOf?: ClockOf | undefined;
  readonly shards: number;
  /** How some of the shards have threads of their own; undefined where this one has all. */
  readonly threads?: ShardsParts["threads"];
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
  readonly #shards: Shards;
  readonly #heldAhead: HeldAhead;
  readonly #checkpointer: Checkpointer;
  readonly #acknowledgements: Acknowledgements;
  readonly #savepoints: Savepoints;
  readonly #splits: SplitFinder;
  readonly #sinkRecords: readonly SinkRecord[];
  readonly #unread: Pick<Status, "lateUnread" | "resultsUnread">;
  readonly #spillNotices: SpillNotices;
  #last: CheckpointRecord | undefined;
  #committing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #checkpointAt: number;
  readonly #waker = new Waker();
  readonly #slice: Slice;

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.#last = parts.restored;
    this.#checkpointAt = parts.clock.now() + this.#checkpointEveryMs;
    const failed = (error: unknown): void => this.#fail(error);
    const { wake } = this.#waker;
    this.#slice = new Slice(parts.clock);
    this.#shards = new Shards({ ...parts, slice: this.#slice, wake, failed });
    this.#heldAhead = new HeldAhead(this.#shards.sinkRows, parts.state, {
      bytesMin: parts.aheadBytesMin,
      failed,
    });
    this.#checkpointer = new Checkpointer(parts.plan, this.#heldAhead, parts.restored);
    this.#acknowledgements = new Acknowledgements(parts.sources, parts.restored, failed);
    this.#savepoints = new Savepoints({
      copy: (request) => this.#copy(request),
      wake,
      failed,
      onNotice: (notice) => {
        if (this.#failed === undefined) parts.onNotice(notice);
      },
      history: parts.history,
    });
    this.#splits = new SplitFinder({
      ...parts,
      runners: (source) => this.#shards.takers(source),
      reached: (source) => this.#shards.reached(source),
      failed,
    });
    this.#sinkRecords = sinkNodes(parts.plan).map(sinkRecord);
    this.#unread = { lateUnread: lateUnread(parts.plan), resultsUnread: resultsUnread(parts.plan) };
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
        () => this.#shards.closables,
      );
    } finally {
      signal.removeEventListener("abort", this.#waker.wake);
      this.end();
    }
  }

  /** It runs no more, or never does: who asks for a savepoint is refused. */
  end(): void {
    this.#savepoints.end();
  }

  async #runToEnd(): Promise<RunReport> {
    const { signal } = this.#parts;
    await this.#shards.open();
    await this.#splits.find(this.#last, true);
    const ended = await this.#loop();
    this.#shards.end();
    await this.#settle();
    await this.#finishSavepoints();
    const drained = ended === "drained";
    if (drained) await this.#drain();
    await this.#stopCleanly(drained);
    await this.#shards.look();
    return { ...this.status(), ended: signal.aborted && !drained ? "stopped" : ended };
  }

  /** Takes a savepoint of all that was read until now. */
  savepoint(request: SavepointRequest): Promise<Savepoint> {
    return this.#savepoints.ask(request);
  }

  /** The pipeline at this moment. */
  status(): Status {
    const { view, spilling } = this.#shards;
    const epoch = this.#last?.epoch ?? 0;
    return statusOf(this.#parts, view, { epoch, ...this.#unread, spilling });
  }

  async #loop(): Promise<"input" | "drained" | "stopped"> {
    const { follow, signal } = this.#parts;
    for (;;) {
      this.#throwFailure();
      if (signal.aborted && this.#shards.stop()) return "stopped";
      const progressed = this.#shards.work(() => this.#crowded());
      this.#noticeSpilling();
      this.#sendAhead();
      this.#checkpointWhenDue();
      this.#deliver(false);
      this.#acknowledge();
      if (!progressed) {
        if (this.#inputEnded()) return this.#closesWindows() ? "drained" : "input";
        await this.#sleep();
      }
      // Also after a sleep: what woke it may have come in the same turn of the event loop, time after time.
      const isOver = this.#slice.isOver();
      if (isOver) await this.#slice.end();
      // Also while there is always work: new splits must not wait for the old ones.
      if (follow && (isOver || !progressed)) this.#splits.lookWhenDue(this.#last);
    }
  }

  #noticeSpilling(): void {
    const { spilling } = this.#shards;
    if (spilling !== undefined)
      this.#spillNotices.look(this.#parts.clock.now(), spilling, this.#shards.rowsRead);
  }

  /** Whether sources wait: until the state has what the sinks hold, or until they have delivered. */
  #crowded(): boolean {
    const { sinkRows } = this.#shards;
    if (sinkRows.bytesInMemory() > HELD_BYTES_MAX) return true;
    return this.#parts.deliveries.crowded((sink) => sinkRows.bytesOf(sink));
  }

  async #sleep(): Promise<void> {
    const { clock } = this.#parts;
    const rest = this.#shards.rest();
    if (rest === undefined) return;
    const until = Math.min(this.#checkpointAt - clock.now(), rest);
    await this.#waker.sleep(clock, Math.max(until, 1));
  }

  #inputEnded(): boolean {
    return this.#shards.ended && !this.#splits.looking;
  }

  #closesWindows(): boolean {
    const { plan, drain } = this.#parts;
    return drain || plan.nodes.every((node) => node.kind !== "source" || node.spec.bounded);
  }

  #checkpointWhenDue(): void {
    const now = this.#parts.clock.now();
    // Only what a checkpoint holds can be delivered, so crowded sinks do not wait for its time.
    const due = now >= this.#checkpointAt || (this.#shards.holdsRows && this.#crowded());
    this.#keepHistory(false);
    const isQuiet =
      this.#committing === undefined && !this.#shards.barrier.running && !this.#savepoints.copying;
    if (isQuiet && this.#savepoints.waiting) {
      if (this.#savepoints.step(this.#shards.active) === "barrier") this.#beginCheckpoint();
    } else if (isQuiet && due) {
      this.#checkpointAt = now + this.#checkpointEveryMs;
      if (this.#isActive) this.#beginCheckpoint();
    }
    this.#storeWhenComplete(false);
  }

  /** Between a barrier and its commit no rows of the next epoch go to the state: it has one that runs. */
  #sendAhead(): void {
    if (!this.#shards.barrier.running && this.#committing === undefined)
      this.#heldAhead.sendWhenDue(this.#nextEpoch);
  }

  /** Whether there is something that no checkpoint has: also what a function of the user has made of the state. */
  get #isActive(): boolean {
    const { migrating, restored } = this.#parts;
    const isBrought = this.#last === restored && [...migrating.values()].includes("by function");
    return isBrought || this.#shards.active;
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
    const isNext = this.#committing !== undefined || this.#shards.barrier.running || this.#shards.active;
    const earlyMs = (isFresh ? 0.5 : isNext ? -1 : 0) * this.#checkpointEveryMs;
    if (!this.#savepoints.copying) deliveries.deliverWhenDue(this.#last, signal.aborted, earlyMs);
  }

  #beginCheckpoint(): void {
    this.#shards.barrier.begin(this.#nextEpoch);
  }

  /** Copies the state when its last checkpoint is delivered: what is begun from the copy has nothing left to show. */
  async #copy(request: SavepointRequest): Promise<Savepoint> {
    const { deliveries, state } = this.#parts;
    if (this.#last !== undefined) await deliveries.deliverAll(this.#last);
    return state.savepoint(request);
  }

  #keepHistory(isEnd: boolean): void {
    const epoch = (this.#last?.epoch ?? 0) + (isEnd && this.#shards.active ? 1 : 0);
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

  #storeWhenComplete(drained: boolean): void {
    const whole = this.#shards.barrier.take();
    if (whole === undefined) return;
    const { plan, fingerprint } = this.#parts;
    const waiting = waitingOf({ plan, ...this.#shards.view });
    const { epoch, parts } = whole;
    const sinks = this.#sinkRecords;
    const checkpoint = this.#checkpointer.checkpoint(parts, { epoch, drained, fingerprint, sinks, waiting });
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
    this.#shards.finish();
    await this.#settle();
  }

  /** Works until nothing is left inside the graph. */
  async #settle(): Promise<void> {
    await this.#shards.settle(async (progressed) => {
      // Also while rows wait for a thread that is gone.
      this.#throwFailure();
      if (progressed) await this.#slice.end();
      else await this.#waker.sleep(this.#parts.clock, FLUSH_EVERY_MS);
    });
    this.#throwFailure();
  }

  /** The last checkpoint, then the last delivery of every sink. */
  async #stopCleanly(drained: boolean): Promise<void> {
    // A barrier that is on its way went before the end of the input.
    await this.#finishCheckpoint(false);
    if (this.#isActive || drained) {
      this.#beginCheckpoint();
      await this.#finishCheckpoint(drained);
    }
    if (this.#last !== undefined) await this.#parts.deliveries.deliverAll(this.#last);
    this.#acknowledge();
    await this.#acknowledgements.settled();
    this.#throwFailure();
  }

  async #finishCheckpoint(drained: boolean): Promise<void> {
    while (this.#shards.barrier.running) {
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

  get #failed(): { readonly error: unknown } | undefined {
    return this.#failure ?? this.#parts.deliveries.failure();
  }

  #throwFailure(): void {
    const failure = this.#failed;
    if (failure !== undefined) throw failure.error;
  }
}
