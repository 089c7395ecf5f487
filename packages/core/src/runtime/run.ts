import {
  splitKey,
  splitsByKey,
  type CheckpointRecord,
  type Identity,
  type SinkRecord,
} from "../checkpoint/records.ts";
import { type FileSystemOf, refuseUnsafe } from "../checkpoint/file-system.ts";
import { beginFrom } from "../checkpoint/begin-from.ts";
import type { Savepoint, SavepointRequest } from "../checkpoint/savepoint.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import { openStateThread } from "../checkpoint/state-thread.ts";
import type { Source } from "../connector.ts";
import { DataflowError } from "../error.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import { guaranteeOf, isByArrival, labels, requireLabel } from "../plan/labels.ts";
import type { Plan } from "../plan/plan.ts";
import { migratedBy } from "../plan/migrated.ts";
import { prune } from "../plan/prune.ts";
import type { Migrated } from "../migration.ts";
import { dueRenames, formerName } from "../plan/renames.ts";
import { type NodeRestart, restartOf, wayOn } from "../plan/restart.ts";
import { validate } from "../plan/validate.ts";
import type { BudgetSize } from "../state/budget-size.ts";
import type { ScratchFile } from "../state/scratch.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { SYSTEM_CLOCK, type WallClock } from "./clock-port.ts";
import { bornFrom, forgetNewTargets, restartFromSavepoint } from "./child-sinks.ts";
import { closing } from "./closing.ts";
import { DecodePool } from "./decode-pool.ts";
import { Deliveries } from "./deliveries.ts";
import { deliverHeld, finishIntents, openDelivery, refuseUnfinished, type SinkHost } from "./decided.ts";
import type { Connectors, OnStep, Shown } from "./delivery.ts";
import { Job, type JobParts } from "./job.ts";
import { migratingOf, type Migrating } from "./migrating.ts";
import { sinkNodes, sinkRecord } from "./sink-nodes.ts";
import { openSources } from "./open-sources.ts";
import { rehearse } from "./rehearse.ts";
import { Readers } from "./readers.ts";
import { changeNotices, decodeNotice, liveNotice, shardNotice } from "./notices.ts";
import { KEY_GROUPS, type Label } from "../stream.ts";
import type { RunReport, Status } from "./report.ts";
import { openBudget } from "./open-budget.ts";
import type { PlanElsewhere } from "./plan-elsewhere.ts";
import { StateHistory } from "./state-history.ts";
import { decodeThreadsOf, partsOf, threadsOf } from "./thread-count.ts";

/** Threads that decode at most: each has an interpreter of its own, of some 15 MiB. */
const DECODE_THREADS_MAX = 64;

/** A run, as long as it goes on. */
export interface RunHandle {
  /** Functions of the user that its state has behind it with the next checkpoint. */
  readonly migrated: Migrated;
  status(): Status;
  /** Takes a savepoint of what was read until now. @throws DF_RUN_ENDED, and as `writeSavepoint` */
  savepoint(request: SavepointRequest): Promise<Savepoint>;
}

/** How a pipeline is run, and who hears of it. */
export interface RunOptions {
  /** Where this pipeline's state lies. */
  readonly stateDirectory: string;
  /** The folder of the savepoint that a state directory without a state begins from. */
  readonly from?: string | undefined;
  /** Keep the state on a network or memory file system too, where it can be damaged or lost. */
  readonly unsafeStateFs?: boolean | undefined;
  /** Says what lies below the state directory; default: this system. */
  readonly fileSystemOf?: FileSystemOf | undefined;
  /** What relative paths of sources and sinks start from. */
  readonly directory: string;
  readonly connectors: Connectors;
  /** Shards of keyed work, 1 to 128; changes no result. Default 1. */
  readonly parallelism?: number | undefined;
  /**
   * How another thread comes to the same plan: then shards have threads of their own, as far as there are cores.
   * Without it all of them are on this one.
   */
  readonly planElsewhere?: PlanElsewhere | undefined;
  /** Threads that have shards, at most. Default: as many as there are cores. */
  readonly threadsMax?: number | undefined;
  /** Threads that read and decode splits of sources, 0 to 64; changes no result. Default 0: this thread does. */
  readonly decodeThreads?: number | undefined;
  /**
   * Memory for rows and texts of state, as bytes, "512MiB" or "20%" of what the process may use; what is beyond lies in a
   * scratch file in the state directory. Changes no result. Default "20%".
   */
  readonly stateBudget?: BudgetSize | undefined;
  /** Opens the scratch file of a state directory. Default: a file there. */
  readonly openScratch?: ((directory: string) => ScratchFile) | undefined;
  /** In place of `stateBudget` and `openScratch`: for tests with little state. */
  readonly openBudget?: (() => StateBudget) | undefined;
  /** Close all windows when the input ends; the state is then finished. */
  readonly drain?: boolean | undefined;
  /** Go on with what grows and appears, until stopped. */
  readonly follow?: boolean | undefined;
  /** Whether code may be generated. Default true. */
  readonly generate?: boolean | undefined;
  /** Asks for a clean stop: checkpoint, delivery, return. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: WallClock | undefined;
  /** Milliseconds since 1970, for `stateHistory`, which is not kept without. */
  readonly time?: (() => number) | undefined;
  /** Opens the state of a pipeline in its directory. Default: SQLite on a thread of its own. */
  readonly openState?: ((directory: string, pipeline: string) => StateFile) | undefined;
  readonly shuffle?: JobParts["shuffle"];
  readonly aheadBytesMin?: JobParts["aheadBytesMin"];
  /** Called behind each step of checkpoints and deliveries, and waited for: for tests that stop or kill a run there. */
  readonly onStep?: OnStep | undefined;
  /** Who is told the changes that deliveries show. The caller ends them. */
  readonly readers?: Readers | undefined;
  /** The pipeline has recovered and runs, or has nothing new; `status` may be called at any time from now on. */
  readonly onStart?: ((handle: RunHandle) => void) | undefined;
  /** A sink has shown rows, also while it is finished what an earlier run had decided. */
  readonly onShown?: ((shown: Shown) => void) | undefined;
  /** Something that is no error and that whoever runs this should know. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Runs a pipeline on this machine, from its last checkpoint on, until its input ends or the signal asks to stop.
 * @throws DataflowError: every refusal names the way on; state and targets are then as the last delivery left them
 */
export async function run(plan: Plan, options: RunOptions): Promise<RunReport> {
  validate(plan);
  requireLabel(plan);
  checkNumber("parallelism", options.parallelism ?? 1, [1, KEY_GROUPS]);
  checkNumber("decodeThreads", options.decodeThreads ?? 0, [0, DECODE_THREADS_MAX]);
  const { label } = labels(plan);
  const pruned = prune(plan);
  const { openState = openStateThread } = options;
  // A state that is opened otherwise is no file of ours.
  if (openState === openStateThread && options.unsafeStateFs !== true)
    refuseUnsafe(options.stateDirectory, options.fileSystemOf);
  const { from, stateDirectory } = options;
  const threads = threadsOf(pruned, options);
  const budget = openBudget(options, partsOf(threads, options)[0]);
  if (from !== undefined) beginFrom({ from, stateDirectory, pipeline: plan.name });
  const state = openState(options.stateDirectory, plan.name);
  try {
    const identity = await state.identity();
    return await new Run(pruned, label, { state, identity, budget, threads }, options).run();
  } finally {
    budget.close();
    await state.close().catch(() => undefined);
  }
}

function checkNumber(option: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new DataflowError(
    "DF_OPTION",
    `${option} is ${JSON.stringify(value)}; it must be a number from ${least} to ${most}.`,
  );
}

class Run {
  readonly #plan: Plan;
  readonly #fingerprint: string;
  readonly #label: Label;
  readonly #state: StateFile;
  readonly #identity: Identity;
  readonly #budget: StateBudget;
  readonly #options: RunOptions;
  /** That have shards, with this one. */
  readonly #threads: number;
  readonly #deliveries: Deliveries;
  readonly #decoding: DecodePool;
  #migrating: Migrating = new Map();

  constructor(
    plan: Plan,
    label: Label,
    opened: {
      readonly state: StateFile;
      readonly identity: Identity;
      readonly budget: StateBudget;
      readonly threads: number;
    },
    options: RunOptions,
  ) {
    this.#plan = plan;
    this.#fingerprint = fingerprint(plan);
    this.#label = label;
    this.#state = opened.state;
    this.#identity = opened.identity;
    this.#budget = opened.budget;
    this.#options = options;
    this.#threads = opened.threads;
    this.#decoding = new DecodePool(decodeThreadsOf(opened.threads, options)[0] ?? 0);
    this.#deliveries = new Deliveries(
      this.#clock,
      (shown) => options.onShown?.(shown),
      options.readers ?? new Readers(),
    );
  }

  async run(): Promise<RunReport> {
    refuseUnfinished(this.#identity);
    const stored = await this.#state.lastCheckpoint();
    await finishIntents(this.#host);
    const restored = await this.#continued(stored);
    const removed = await this.#removedSinks();
    await deliverHeld(removed, restored, this.#host);
    const sources = new Map<string, Source>();
    return await closing(
      () => this.#runFrom(restored, removed, sources),
      () => [this.#deliveries, ...sources.values(), this.#decoding],
    );
  }

  async #runFrom(
    restored: CheckpointRecord | undefined,
    removed: readonly SinkRecord[],
    sources: Map<string, Source>,
  ): Promise<RunReport> {
    await this.#openSinks();
    await openSources(this.#plan, this.#options, sources);
    // Not earlier: a run that its targets or sources refuse leaves what the plan of before goes on with.
    for (const { id } of removed) await this.#state.forgetSink(id);
    const isOver = this.#identity.drained && restored !== undefined;
    const job = this.#job(sources, restored, isOver ? 1 : this.#threads);
    const handle = {
      migrated: migratedBy(this.#plan, restored?.migrated),
      status: () => job.status(),
      savepoint: (request: SavepointRequest) => job.savepoint(request),
    };
    if (isOver) {
      // The run that drained it may have died between its last checkpoint and its last delivery.
      await this.#deliveries.deliverAll(restored);
      await this.#refuseNewInput(sources, restored);
      job.end();
      this.#options.onStart?.(handle);
      return { ...job.status(), ended: "nothing new" };
    }
    this.#notice(liveNotice(this.#plan));
    this.#notice(shardNotice(this.#plan, this.#threads, this.#options));
    this.#notice(decodeNotice(this.#options.decodeThreads ?? 0, sources));
    this.#options.onStart?.(handle);
    return await job.run();
  }

  get #host(): SinkHost {
    const { connectors, directory, onShown = () => {} } = this.#options;
    const codeOf = (record: SinkRecord): unknown => this.#codeOf(record);
    const { renamedFrom = {} } = this.#plan;
    const [state, identity, onStep] = [this.#state, this.#identity, this.#onStep];
    return { state, identity, connectors, directory, codeOf, renamedFrom, onStep, onShown };
  }

  get #onStep(): OnStep {
    return this.#options.onStep ?? (() => Promise.resolve());
  }

  get #clock(): WallClock {
    return this.#options.clock ?? SYSTEM_CLOCK;
  }

  /** Sinks that the state has and the plan does not: what they hold is still shown, then they are forgotten. */
  async #removedSinks(): Promise<SinkRecord[]> {
    const planned = new Set(sinkNodes(this.#plan).map(({ id }) => id));
    return (await this.#state.sinks()).filter(({ id }) => !planned.has(id));
  }

  /** The checkpoint to go on from, under the ids that its nodes have now. Refuses another plan before it renames. */
  async #continued(stored: CheckpointRecord | undefined): Promise<CheckpointRecord | undefined> {
    const before = this.#identity.fingerprint;
    if (before === undefined || stored === undefined) return stored;
    const restarts = this.#restarts(before, stored.migrated);
    const changes = restarts.flatMap(({ verdict, reasons }) => (verdict === "refuse" ? reasons : []));
    if (changes.length > 0) {
      throw new DataflowError(
        "DF_PLAN_CHANGED",
        `The pipeline "${this.#plan.name}" no longer fits its state in ${this.#options.stateDirectory}: ${changes.join(" ")} ${wayOn(restarts)}`,
      );
    }
    this.#migrating = migratingOf(restarts);
    await this.#rehearse(restarts);
    this.#notice(changeNotices(this.#plan, stored, restarts));
    const renames = dueRenames(this.#plan, restarts, stored.clocks);
    return renames.size === 0 ? stored : await this.#state.rename(renames);
  }

  async #rehearse(restarts: readonly NodeRestart[]): Promise<void> {
    if (restarts.every(({ by }) => by === undefined)) return;
    const budget = openBudget(this.#options);
    await closing(
      () => rehearse(this.#plan, restarts, { state: this.#state, budget }),
      () => [{ close: async () => budget.close() }],
    );
  }

  /** What becomes of each node, from the fingerprint of the last checkpoint. */
  #restarts(before: string, migrated?: Migrated): NodeRestart[] {
    const compare = bornFrom(this.#identity) === undefined ? restartOf : restartFromSavepoint;
    return compare(before, this.#fingerprint, { ...this.#plan, migrated });
  }

  #notice(notices: readonly string[]): void {
    for (const notice of notices) this.#options.onNotice?.(notice);
  }

  async #openSinks(): Promise<void> {
    await this.#forgetNewTargets();
    const undelivered = new Map((await this.#state.undelivered()).map((waiting) => [waiting.sink, waiting]));
    for (const node of sinkNodes(this.#plan)) {
      const delivery = await openDelivery(sinkRecord(node), this.#host);
      const comparable = !isByArrival(this.#plan, node.id);
      const guarantee = guaranteeOf(this.#plan, node);
      this.#deliveries.add(delivery, { node, comparable, guarantee }, undelivered.get(node.id));
    }
  }

  /** At the start from a savepoint: sinks may go on in new targets. */
  async #forgetNewTargets(): Promise<void> {
    const { fingerprint: before } = this.#identity;
    if (bornFrom(this.#identity) === undefined || before === undefined) return;
    const restarts = this.#restarts(before).filter(({ kind }) => kind === "sink");
    const sinks = sinkNodes(this.#plan).map((node) => ({
      record: sinkRecord(node),
      reasons: restarts.find((restart) => restart.node === node.id)?.reasons ?? [],
    }));
    this.#notice(await forgetNewTargets(sinks, this.#host));
  }

  /** Also for an intent that a process before has stored: the function is that of this pipeline. */
  #codeOf({ id, connector }: SinkRecord): unknown {
    const now = sinkNodes(this.#plan).find(
      (node) => node.id === id || formerName(node.id, this.#plan) === id,
    );
    const spec = now?.spec;
    return spec?.connector === connector ? spec.code : undefined;
  }

  /** A drained pipeline has said its last word: new input would be late for windows that are closed for good. */
  async #refuseNewInput(sources: ReadonlyMap<string, Source>, restored: CheckpointRecord): Promise<void> {
    const known = splitsByKey(restored);
    for (const [id, source] of sources) {
      for (const split of await source.splits()) {
        const reader = source.read(split, known.get(splitKey(id, split.id))?.position);
        const polled = await reader.poll(1);
        await reader.close();
        if (typeof polled === "string") continue;
        throw new DataflowError(
          "DF_STATE_DRAINED",
          `The pipeline "${this.#plan.name}" was drained: its windows are closed for good. Source "${id}" has new rows in split ${split.id}. Start with a new state directory (--state-dir) and new targets; without --drain a pipeline can go on.`,
        );
      }
    }
  }

  #history(): StateHistory | undefined {
    const { stateDirectory, time } = this.#options;
    const { stateHistory } = this.#plan;
    if (stateHistory === undefined || time === undefined) return undefined;
    return new StateHistory(stateHistory, stateDirectory, time);
  }

  #job(sources: ReadonlyMap<string, Source>, restored: CheckpointRecord | undefined, threads: number): Job {
    const { parallelism = 1, generate = true, follow = false, drain = false } = this.#options;
    return new Job({
      plan: this.#plan,
      fingerprint: this.#fingerprint,
      label: this.#label,
      state: this.#state,
      identity: this.#identity,
      restored,
      migrating: this.#migrating,
      budget: this.#budget,
      onNotice: (notice) => this.#notice([notice]),
      deliveries: this.#deliveries,
      sources: this.#decoding.sources(this.#plan, sources),
      shards: parallelism,
      threads: this.#jobThreads(sources, threads),
      generate,
      follow,
      drain,
      clock: this.#clock,
      signal: this.#options.signal ?? new AbortController().signal,
      onStep: this.#onStep,
      shuffle: this.#options.shuffle,
      aheadBytesMin: this.#options.aheadBytesMin,
      history: this.#history(),
    });
  }

  #jobThreads(sources: ReadonlyMap<string, Source>, threads: number): JobParts["threads"] {
    const { planElsewhere: plan, stateDirectory } = this.#options;
    if (plan === undefined || threads === 1) return undefined;
    const bytes = this.#budget.limitBytes / (partsOf(threads, this.#options)[0] ?? 1);
    const budgets = partsOf(threads, this.#options).map((part) => Math.floor(bytes * part));
    return { plan, stateDirectory, sources, budgets, decodeThreads: decodeThreadsOf(threads, this.#options) };
  }
}
