import type { CheckpointRecord } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import type { Source } from "../connector.ts";
import { lambdaHashes } from "../plan/fingerprint.ts";
import type { Plan } from "../plan/plan.ts";
import { type BudgetUse, type StateBudget, sumOfUses } from "../state/state-budget.ts";
import type { Time } from "../time.ts";
import { AllSinkRows } from "./all-sink-rows.ts";
import { Barrier } from "./barrier.ts";
import type { WallClock } from "./clock-port.ts";
import { EpochParts } from "./epoch-parts.ts";
import { Graph } from "./graph.ts";
import type { ClockOf } from "./input-clock.ts";
import { FLUSHED_MIN } from "./link.ts";
import { Rounds } from "./rounds.ts";
import type { ShardView } from "./shard-messages.ts";
import { ShardThreads, type ThreadsParts } from "./shard-threads.ts";
import { joinViews, viewOf } from "./shard-view.ts";
import type { Slice } from "./slice.ts";
import { SourceTurns } from "./source-turns.ts";
import type { SplitTaker } from "./split-finder.ts";
import { storedChunks } from "./stored-chunks.ts";
import { Wakes } from "./wakes.ts";

/** What the shards of a run are made of. */
export interface ShardsParts extends Omit<ThreadsParts, "lambdas" | "restored"> {
  /** Pruned. */
  readonly plan: Plan;
  readonly restored: CheckpointRecord | undefined;
  /** Of the state on this thread. */
  readonly budget: StateBudget;
  readonly clock: WallClock;
  /** Of this thread. */
  readonly slice: Slice;
  readonly sources: ReadonlyMap<string, Source>;
  /** See `JobParts.clockOf`. */
  readonly clockOf?: ClockOf | undefined;
  readonly state: Pick<StateFile, "chunkList" | "chunks">;
  /** Orders runners anew in each round. */
  readonly shuffle?: (<T>(runners: readonly T[]) => readonly T[]) | undefined;
}

/** All shards of a run as one: those that this thread works on, and those of other threads. */
export class Shards {
  readonly barrier: Barrier;
  readonly sinkRows: AllSinkRows;
  readonly #parts: ShardsParts;
  readonly #threads: ShardThreads;
  readonly #graph: Graph;
  readonly #rounds: Rounds;
  readonly #turns: SourceTurns;
  readonly #wakes: Wakes;
  readonly #takers: Map<string, readonly SplitTaker[]> = new Map();

  constructor(parts: ShardsParts) {
    this.#parts = parts;
    const { plan, clock, restored } = parts;
    this.#threads = new ShardThreads({ ...parts, restored, lambdas: lambdaHashes(plan.lambdas ?? {}) });
    const graph = new Graph(plan, {
      ...parts,
      elsewhere: this.#threads.elsewhere,
      now: () => clock.now(),
      isOver: parts.slice.isOver,
      settled: (source) => this.#turns.settled(source),
      reached: (source) => this.#turns.reached(source),
      nodePassed: (runner, epoch) => epochParts.nodePassed(runner, epoch),
      sourcePassed: (runner, epoch) => epochParts.sourcePassed(runner, epoch),
    });
    const epochParts = new EpochParts(graph);
    this.#graph = graph;
    this.#rounds = new Rounds(graph, clock, parts.shuffle);
    this.#turns = new SourceTurns(graph.sources, this.#rounds);
    this.#wakes = new Wakes(graph, this.#turns, this.#threads);
    this.barrier = new Barrier(epochParts, this.#threads);
    this.sinkRows = new AllSinkRows(graph.sinkRows, this.#threads);
  }

  /** Builds all of them, with the state that was stored. */
  async open(): Promise<void> {
    const { state, sources } = this.#parts;
    await Promise.all([this.#graph.open(sources, (node) => storedChunks(state, node)), this.#threads.open()]);
  }

  /** What reads splits of a source; only shards of this thread where others cannot. */
  takers(source: string): readonly SplitTaker[] {
    const known = this.#takers.get(source);
    if (known !== undefined) return known;
    const takers = [...this.#graph.runners(source), ...this.#threads.takers(source)];
    this.#takers.set(source, takers);
    return takers;
  }

  /** The highest clock that was reached behind a source, before anything has moved. */
  reached(source: string): Time {
    return this.#graph.reached(source);
  }

  // ── Work ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One round over the nodes and sources of this thread; says whether anything was done. */
  work(isCrowded: () => boolean): boolean {
    const pumped = this.#pump();
    const wakes = this.#wakes.look();
    this.#letRest(wakes || isCrowded());
    const progressed = this.#turns.step() || pumped;
    this.#threads.flush(progressed ? FLUSHED_MIN : 1);
    return progressed;
  }

  /**
   * There is nothing to do here: what is due goes on. Returns how many milliseconds that may stay so at most; undefined
   * where there is something to do now.
   */
  rest(): number | undefined {
    const goesOn = this.#rounds.flushWhenDue();
    this.#threads.flush();
    return goesOn ? undefined : this.#rounds.wait();
  }

  /**
   * Works until nothing is left inside, on any thread. `between` is called between two rounds, and may throw; `progressed`
   * says whether anything was done in the last one: if not, this thread has to wait for others.
   */
  async settle(between: (progressed: boolean) => Promise<void>): Promise<void> {
    for (;;) {
      const progressed = this.#pump();
      this.#threads.flush();
      if (!progressed && this.#graph.idle() && this.#threads.quiet()) return;
      await between(progressed);
    }
  }

  /** Sources take nothing more from now on. */
  end(): void {
    this.#letRest(true);
  }

  /** Asks all sources to stop; says whether they have. */
  stop(): boolean {
    const { sources } = this.#graph;
    this.#threads.stop();
    for (const source of sources) source.stop();
    return sources.every(({ stopped }) => stopped) && this.#threads.stopped;
  }

  /** The end of a bounded or drained input: nothing is expected any more. */
  finish(): void {
    this.#threads.order({ kind: "finish" });
    for (const source of this.#graph.sources) source.finish();
  }

  // ── How far they are ───────────────────────────────────────────────────────────────────────────────────────────

  /** All splits have ended, and all of their rows have arrived. */
  get ended(): boolean {
    const { sources } = this.#graph;
    const ended = sources.every((source) => source.ended) && this.#threads.ended;
    return ended && this.#graph.idle() && this.#threads.quiet();
  }

  /** Whether there is anything that the last checkpoint does not have. */
  get active(): boolean {
    return this.holdsRows || this.#graph.sources.some(({ active }) => active);
  }

  /** Whether sinks may hold rows since the last barrier. */
  get holdsRows(): boolean {
    return this.#graph.sinkRows.any() || this.#threads.active;
  }

  get rowsRead(): number {
    return this.#graph.sources.reduce((sum, { ledger }) => sum + ledger.rowsIn, this.#threads.rowsRead);
  }

  /** Where state is, once any of it has outgrown its budget. */
  get spilling(): BudgetUse | undefined {
    const budgets = [this.#parts.budget, ...this.#threads.budgets];
    return budgets.some(({ hasSpilled }) => hasSpilled)
      ? sumOfUses(budgets.map(({ use }) => use))
      : undefined;
  }

  /** What is shown of them: of this thread as it is, of others as it was a moment ago. */
  get view(): ShardView {
    return joinViews([viewOf(this.#graph), ...this.#threads.views]);
  }

  /** Resolves when the view is that of now. */
  async look(): Promise<void> {
    await this.#threads.look();
  }

  /** Lets go of all that is read, and of the threads. */
  get closables(): readonly { close(): Promise<void> }[] {
    return [...this.#graph.sources, this.#threads];
  }

  #pump(): boolean {
    const heard = this.#threads.receive();
    // No operator works at this moment: what they have asked of their state may be spilled.
    this.#parts.budget.settle();
    return this.#rounds.pump() || heard;
  }

  #letRest(rests: boolean): void {
    this.#turns.rests = rests;
    this.#threads.rest(rests);
  }
}
