/** One simulated history of a pipeline: its hosts, its faults, and what its tables show in the end. */
import { DataflowError, type Plan, reasonOf, type SinkNode, unreachable } from "@df/core";
import { sinkNodes } from "@df/core/runtime/sink-nodes";
import { run as runPlan } from "@df/core/runtime/run";
import type { Random } from "@df/testing/random";
import { answer } from "./answer.ts";
import { type Drawn, draw, pick } from "./drawn.ts";
import {
  drawFaults,
  type Fault,
  type FaultKind,
  type ForeignKind,
  isForeign,
  REFUSALS,
  REFUSED,
} from "./faults.ts";
import { addRow, compact, foreignRow, isSetBack, setBack, setProperty } from "./foreign.ts";
import { drawnPipeline } from "./pipeline.ts";
import { simulatedClock } from "./ports/clock.ts";
import { drawIdsFrom } from "./ports/ids.ts";
import { openLogs } from "./ports/source.ts";
import { StateDirectory, type StateImage } from "./ports/state.ts";
import { Bucket, injected, isInjected } from "./ports/store.ts";
import { committers, shownBy, shownLine } from "./tables.ts";
import { checkKeys, checkPart, checkWhole, Violation } from "./verdict.ts";
import { type Action, Process, World } from "./world.ts";

/** Faults that are the answer to an action: there is no moment after it. */
const ANSWERS: ReadonlySet<FaultKind> = new Set(["disk full", "input/output error", "lost answer"]);
/** Runs that may fail without a cause where only tables count. */
const FAILURES_MAX = 20;
const EVENTS_MAX = 60_000;
/** Columns of the key of a table, where there are several. */
const KEY_COLUMNS: Readonly<Record<string, number>> = { hours: 2, visits: 2 };
const YEAR_MS = 365 * 86_400_000;

/** What a history came to. */
export interface History {
  readonly seed: number;
  readonly events: number;
  readonly checkpoints: number;
  /** Faults that have struck, "kind at phase". */
  readonly faults: readonly string[];
  readonly ended: "finished" | "refused";
  readonly traceHash: string;
  readonly trace: readonly string[];
}

/** A machine with a state directory, on which the pipeline is started until it is done. */
interface Host {
  readonly name: string;
  readonly directory: StateDirectory;
  /** Where the outcome of the pipeline is decided. */
  ended: "finished" | "refused" | undefined;
  refusals: number;
  changed: boolean;
  /** The process that was started last. */
  newest: Process | undefined;
}

/** How a history is run. */
export interface SimulationOptions {
  /** Keeps a line for each event. */
  readonly traced?: boolean | undefined;
  /** Which of the drawn faults strike, by their place. Default: all. */
  readonly faults?: readonly number[] | undefined;
  /** A run that fails without a cause counts as a crash: then tables alone say what is wrong. */
  readonly tablesOnly?: boolean | undefined;
}

/** Runs the history of a seed. @throws Violation */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<History> {
  return new Simulation(seed, options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #options: SimulationOptions;
  readonly #world: World;
  readonly #drawn: Drawn;
  readonly #plan: Plan;
  readonly #faults: Fault[];
  readonly #drawnFaults: number;
  readonly #struck: string[] = [];
  readonly #kinds = new Set<FaultKind>();
  readonly #hosts: Host[] = [];
  readonly #buckets = new Map<string, Bucket>();
  /** Rows that others have added, by table. */
  readonly #foreignLines: (readonly [table: string, line: string])[] = [];
  readonly #stops = new Map<Process, AbortController>();
  readonly #supervisor = new Process(0, "supervisor");
  #processes = 0;
  #interfering: Promise<void> | undefined;
  #checkpoints = 0;
  #failures = 0;
  #wallMs = Date.UTC(2026, 0, 1);
  #violation: Violation | undefined;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#world = new World(seed, options.traced);
    drawIdsFrom(this.#world.random);
    this.#drawn = draw(this.#world.random);
    const drawn = drawFaults(this.#world.random);
    this.#faults = options.faults?.map((place) => drawn[place] as Fault) ?? drawn;
    this.#drawnFaults = drawn.length;
    this.#plan = drawnPipeline(this.#drawn).build();
  }

  async run(): Promise<History> {
    const world = this.#world;
    this.#addHost("a", new StateDirectory());
    while (this.#violation === undefined && !this.#isOver()) {
      const happened = await world.step((action) => this.#watch(action));
      // Others write in one piece; a table that they cannot read is no table.
      try {
        await this.#interfering;
      } catch (thrown) {
        throw this.#named(thrown);
      }
      if (!happened && this.#violation === undefined && !this.#isOver())
        throw this.#named(new Violation("everything waits, and nobody is done"));
      if (world.events > EVENTS_MAX) throw this.#named(new Violation(`not done after ${EVENTS_MAX} events`));
    }
    await world.land();
    if (this.#violation !== undefined) throw this.#named(this.#violation);
    const ended = this.#hosts.some((host) => host.ended === "finished") ? "finished" : "refused";
    await this.#check(ended);
    return {
      seed: this.#seed,
      events: world.events,
      checkpoints: this.#checkpoints,
      faults: this.#struck,
      ended,
      traceHash: world.traceHash,
      trace: world.trace ?? [],
    };
  }

  #isOver(): boolean {
    return this.#hosts.every(({ ended }) => ended !== undefined) && this.#stops.size === 0;
  }

  async #check(ended: History["ended"]): Promise<void> {
    const expected = answer(this.#drawn);
    try {
      for (const node of sinkNodes(this.#plan)) {
        const bucket = this.#bucketOf(tableOf(node));
        const foreign = this.#foreignLines.flatMap(([table, line]) => (table === node.id ? [line] : []));
        const lines = [...(expected[node.id] ?? []), ...foreign];
        const shown = await shownBy(node, bucket);
        if (ended === "finished" && !(await isSetBack(bucket.direct))) checkWhole(node.id, lines, shown);
        else if (node.shape.change === "append") checkPart(node.id, lines, shown);
        else checkKeys(node.id, shown, KEY_COLUMNS[node.id] ?? 1);
      }
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  /** A violation, with what is needed to see it again. */
  #named(thrown: unknown): Violation {
    return new Violation(reasonOf(thrown), {
      seed: this.#seed,
      struck: this.#struck,
      faults: this.#drawnFaults,
      trace: this.#world.trace ?? [],
    });
  }

  #bucketOf(table: string): Bucket {
    let bucket = this.#buckets.get(table);
    if (bucket === undefined) this.#buckets.set(table, (bucket = new Bucket()));
    return bucket;
  }

  #addHost(name: string, directory: StateDirectory): void {
    const host: Host = { name, directory, ended: undefined, refusals: 0, changed: false, newest: undefined };
    this.#hosts.push(host);
    this.#startSoon(host);
  }

  #startSoon(host: Host): void {
    this.#world.wait(this.#supervisor, `start on ${host.name}`, this.#world.random.below(30), () => {
      const isRunning = [...this.#stops.keys()].some((process) => process.host === host.name);
      if (host.ended === undefined && !isRunning) this.#start(host);
    });
  }

  #start(host: Host): void {
    const world = this.#world;
    const { random } = world;
    const process = new Process(++this.#processes, host.name);
    const stop = new AbortController();
    this.#stops.set(process, stop);
    host.newest = process;
    const changed = host.changed;
    host.changed = false;
    const plan = this.#readBy(
      process,
      changed ? drawnPipeline({ ...this.#drawn, summed: "id" }).build() : this.#plan,
    );
    runPlan(plan, {
      stateDirectory: host.name,
      directory: "/",
      connectors: committers(
        world,
        process,
        (table) => this.#bucketOf(table),
        () => this.#wallMs + world.now,
      ),
      parallelism: pick(random, [1, 2, 4]),
      generate: this.#drawn.generate,
      signal: stop.signal,
      clock: simulatedClock(world, process),
      openState: (_, pipeline) => host.directory.open(world, process, pipeline),
      aheadBytesMin: pick(random, [1, 1024, undefined]),
      ...(random.oneIn(2) ? { shuffle: (runners) => someOf(random, runners) } : {}),
    }).then(
      (report) => this.#ended(host, process, report.ended === "stopped" ? undefined : "finished"),
      (thrown: unknown) => this.#failed(host, process, thrown, changed),
    );
  }

  /** The plan, whose sources are read by one process. */
  #readBy(process: Process, plan: Plan): Plan {
    const nodes = plan.nodes.map((node) => {
      if (node.kind !== "source") return node;
      const logs = this.#drawn.logs[node.id as keyof Drawn["logs"]];
      const open = async ({ schema }: { readonly schema: typeof node.spec.schema }) =>
        openLogs(this.#world, process, logs, { all: node.spec.schema, wanted: schema });
      return { ...node, spec: { ...node.spec, open } };
    });
    return { ...plan, nodes };
  }

  #ended(host: Host, process: Process, ended: Host["ended"]): void {
    if (process.dead) return;
    this.#world.note(`${host.name}${process.id} ended: ${ended ?? "to be started again"}`);
    this.#stops.delete(process);
    host.ended ??= ended;
    if (host.ended === undefined) this.#startSoon(host);
  }

  #failed(host: Host, process: Process, thrown: unknown, changed: boolean): void {
    if (process.dead) return;
    const code = thrown instanceof DataflowError ? thrown.code : "none";
    this.#world.note(`${host.name}${process.id} failed: ${reasonOf(thrown)}`);
    if (isInjected(thrown)) return this.#ended(host, process, undefined);
    if (changed && code === "DF_PLAN_CHANGED") return this.#ended(host, process, undefined);
    if (code === "DF_ALREADY_RUNNING" && this.#kinds.has("pause and twin"))
      return this.#ended(host, process, undefined);
    // One that was overtaken may also learn it from a target.
    const isFenced = code === "DF_FENCED" || (REFUSALS.has(code) && process !== host.newest);
    if (isFenced && host.directory.unlocked) return this.#ended(host, process, undefined);
    if (REFUSALS.has(code) && REFUSED.some((kind) => this.#kinds.has(kind))) {
      // A refusal stands: trying again does not get through.
      return this.#ended(host, process, ++host.refusals < 2 ? undefined : "refused");
    }
    if (this.#options.tablesOnly === true && ++this.#failures < FAILURES_MAX) {
      return this.#ended(host, process, undefined);
    }
    this.#violation ??= new Violation(
      `a run failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
    );
  }

  // ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────

  #watch(action: Action): boolean {
    if (action.label === "state.commit") this.#checkpointed(action);
    const place = this.#faults.findIndex(({ phase }) => phase === action.phase);
    const fault = this.#faults[place];
    if (fault === undefined || action.process.dead || fault.skip-- > 0) return true;
    this.#faults.splice(place, 1);
    return this.#strike(fault, action);
  }

  #checkpointed({ process }: Action): void {
    this.#checkpoints++;
    const host = this.#hostOf(process);
    if (this.#faults.some(({ kind }) => kind === "older backup") && this.#world.random.oneIn(3)) {
      host.directory.backup = host.directory.image();
    }
  }

  #hostOf({ host }: Process): Host {
    return this.#hosts.find(({ name }) => name === host) as Host;
  }

  /** Says whether the action happens all the same. */
  #strike({ kind, moment }: Fault, action: Action): boolean {
    const world = this.#world;
    const { process, phase } = action;
    if (!this.#mayStrike(kind, this.#hostOf(process))) return true;
    this.#kinds.add(kind);
    this.#struck.push(`${kind} at ${phase}`);
    world.note(`fault: ${kind} at ${phase}`);
    if (ANSWERS.has(kind)) {
      world.fail(action, injected(kind), kind === "lost answer" ? "done" : "not done");
      return false;
    }
    if (moment === "after") action.run();
    if (isForeign(kind)) this.#interfere(kind);
    else this.#befall(kind, process);
    if (moment === "after") return false;
    const isSent = action.remote && kind !== "power loss" && world.random.oneIn(2);
    if (process.dead ? isSent : process.pausedUntil > world.now)
      world.postpone(action, world.random.below(500));
    else return !process.dead;
    return false;
  }

  #mayStrike(kind: FaultKind, host: Host): boolean {
    if (isForeign(kind)) return this.#foreignTables(kind).length > 0;
    if (kind === "older backup") return host.directory.backup !== undefined;
    if (kind === "copied state") return this.#hosts.length === 1 && this.#hasCheckpoint(host);
    return kind !== "changed pipeline" || this.#hasCheckpoint(host);
  }

  /** What befalls a process, its host or its stores. */
  #befall(kind: Exclude<FaultKind, ForeignKind>, process: Process): void {
    const { random, now } = this.#world;
    const host = this.#hostOf(process);
    switch (kind) {
      case "kill":
        return this.#kill(process, "may arrive");
      case "power loss":
        return this.#killAll("is lost");
      case "pause and twin":
      case "twin without a lock":
        host.directory.unlocked ||= kind === "twin without a lock";
        process.pausedUntil = now + 20 + random.below(1500);
        return this.#start(host);
      case "slow store":
        for (const bucket of this.#buckets.values()) bucket.latencyMs = random.oneIn(3) ? 5 : 200;
        return undefined;
      case "clock jump":
        this.#wallMs += (random.below(3) - 1) * YEAR_MS;
        return undefined;
      case "clean stop":
        return this.#stops.get(process)?.abort();
      case "changed pipeline":
        host.changed = true;
        return this.#kill(process, "may arrive");
      case "copied state":
        return this.#addHost("b", new StateDirectory(host.directory.image()));
      case "older backup":
        this.#killAll("may arrive", host);
        return host.directory.restore(host.directory.backup as StateImage);
      case "disk full":
      case "input/output error":
      case "lost answer":
        throw new Violation(`"${kind}" befalls an answer, not a process`);
      default:
        return unreachable(kind);
    }
  }

  #kill(process: Process, sent: "may arrive" | "is lost"): void {
    this.#world.kill(process, sent);
    this.#stops.delete(process);
    this.#startSoon(this.#hostOf(process));
  }

  #killAll(sent: "may arrive" | "is lost", on?: Host): void {
    const running = Array.from(this.#stops.keys());
    for (const process of running)
      if (on === undefined || process.host === on.name) this.#kill(process, sent);
  }

  #hasCheckpoint({ directory }: Host): boolean {
    try {
      return directory.db.prepare("SELECT 1 FROM checkpoint").get() !== undefined;
    } catch {
      return false;
    }
  }

  /** Tables that somebody else may do something to. */
  #foreignTables(kind: ForeignKind): SinkNode[] {
    return sinkNodes(this.#plan).filter(
      (node) =>
        node.spec.connector === "delta" &&
        this.#bucketOf(tableOf(node)).objects.size > 0 &&
        (kind === "table set back" || !this.#isPartitioned(node)),
    );
  }

  /** Somebody else does something to a Delta table. */
  #interfere(kind: ForeignKind): void {
    const node = pick(this.#world.random, this.#foreignTables(kind));
    const { direct } = this.#bucketOf(tableOf(node));
    const { schema, change } = node.shape;
    if (kind === "table set back") this.#interfering = setBack(direct);
    else if (kind === "foreign compaction") this.#interfering = compact(direct, schema);
    else if (change !== "append") this.#interfering = setProperty(direct);
    else {
      const number = this.#world.events;
      const row = foreignRow(schema, number);
      this.#foreignLines.push([node.id, shownLine(node.id, row)]);
      this.#interfering = addRow(direct, schema, { number, row });
    }
  }

  #isPartitioned({ id }: SinkNode): boolean {
    return this.#drawn.partitioned && id === "copy";
  }
}

/** Most of the runners, in any order: the others have to wait for their turn. */
function someOf<T>(random: Random, runners: readonly T[]): readonly T[] {
  const some = runners.filter(() => !random.oneIn(5));
  random.shuffle(some);
  return some;
}

function tableOf({ spec }: SinkNode): string {
  return (spec.options as { readonly path: string }).path;
}
