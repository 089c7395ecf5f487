/** The hosts of a history and the processes on them: what is started, what its end means, and what is killed. */
import { type DataflowError, type Plan, reasonOf } from "@df/core";
import { adopt } from "@df/core/runtime/adopt";
import { run, type RunHandle, type RunOptions } from "@df/core/runtime/run";
import type { Random } from "@df/testing/random";
import { type Drawn, FIRST_VERSION, pick, type Version } from "./drawn.ts";
import type { FaultKind } from "./faults.ts";
import type { Host } from "./host.ts";
import { drawnPipeline } from "./pipeline.ts";
import { simulatedClock } from "./ports/clock.ts";
import { smallBudget } from "./ports/scratch.ts";
import { openLogs } from "./ports/source.ts";
import { StateDirectory, type TableImages } from "./ports/state.ts";
import { Bucket } from "./ports/store.ts";
import { type Circumstances, reactionTo } from "./reaction.ts";
import { committers, lastOf } from "./tables.ts";
import { Violation } from "./verdict.ts";
import { Process, type World } from "./world.ts";

/** Runs that may fail without a cause where only tables count. */
const FAILURES_MAX = 20;

/** What hosts are made with. */
interface Parts {
  readonly world: World;
  readonly drawn: Drawn;
  readonly tablesOnly: boolean;
  /** Kinds of the faults that have struck. */
  readonly kinds: ReadonlySet<FaultKind>;
  /** Looks whether a pipeline that is another one may have adopted the tables. @throws Violation */
  readonly tried: (version: Version) => Promise<void>;
  /** What the disk of a process answers to what it does with its scratch file. */
  readonly scratched: (process: Process) => DataflowError | undefined;
}

/** All hosts, one after the other. */
export class Cluster {
  readonly hosts: Host[] = [];
  /** Objects of each table, which outlive all hosts. */
  readonly buckets: Map<string, Bucket> = new Map();
  violation: Violation | undefined;
  /** What the wall clock of the stores shows at the beginning, ms. */
  wallMs: number = Date.UTC(2026, 0, 1);
  /** A look at tables that goes on, in one piece. */
  looking: Promise<void> | undefined;
  /** What was drawn at starts. */
  readonly drawn: Set<string> = new Set();
  readonly #parts: Parts;
  readonly #plans = new Map<string, Plan>();
  readonly #stops = new Map<Process, AbortController>();
  readonly #handles = new Map<Process, RunHandle>();
  readonly #supervisor = new Process(0, "supervisor");
  #processes = 0;
  #failures = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Times that a state was brought to where its targets were. */
  get adoptions(): number {
    return this.hosts.reduce((sum, host) => sum + host.adoptions, 0);
  }

  /** To be called when the history is over. */
  close(): void {
    for (const { directory } of this.hosts) directory.close();
  }

  isOver(): boolean {
    return this.hosts.every(({ ended }) => ended !== undefined) && this.#stops.size === 0;
  }

  /** The plan of a version. */
  plan(version: Version): Plan {
    const name = JSON.stringify(version);
    const plan = this.#plans.get(name) ?? drawnPipeline(this.#parts.drawn, version).build();
    this.#plans.set(name, plan);
    return plan;
  }

  /** The objects of a table, by its path behind the folder of its host. */
  bucketOf(path: string): Bucket {
    let bucket = this.buckets.get(path);
    if (bucket === undefined) this.buckets.set(path, (bucket = new Bucket()));
    return bucket;
  }

  hostOf({ host }: Process): Host {
    return this.hosts.find(({ name }) => name === host) as Host;
  }

  /** Adds a host whose pipeline is started soon. */
  addHost(given: Pick<Host, "name"> & Partial<Host>): void {
    const host: Host = {
      directory: new StateDirectory(() => this.tables()),
      folder: "",
      begun: undefined,
      version: FIRST_VERSION,
      ended: undefined,
      refusals: 0,
      changed: false,
      adopts: undefined,
      diverged: false,
      adoptions: 0,
      next: "run",
      newest: undefined,
      ...given,
    };
    this.hosts.push(host);
    this.startSoon(host);
  }

  startSoon(host: Host): void {
    const { world } = this.#parts;
    world.wait(this.#supervisor, `start on ${host.name}`, world.random.below(30), () => {
      const isRunning = [...this.#stops.keys()].some((process) => process.host === host.name);
      if (host.ended === undefined && !isRunning) this.start(host);
    });
  }

  start(host: Host): void {
    const { world, drawn } = this.#parts;
    const { random } = world;
    const process = new Process(++this.#processes, host.name);
    const stop = new AbortController();
    this.#stops.set(process, stop);
    host.newest = process;
    const { next, changed } = host;
    if (next === "run") host.changed = false;
    // On an empty state any plan fits.
    const isOther = next === "trying" || (next === "run" && changed && host.directory.hasCheckpoint);
    const parallelism = pick(random, [1, 1, 1, 2, 2, 4]);
    this.drawn.add(`${parallelism} shards`);
    const version = isOther ? { ...host.version, summed: "id" as const } : host.version;
    const options = {
      stateDirectory: host.name,
      directory: "/",
      connectors: committers(
        world,
        process,
        (path) => this.bucketOf(`${host.folder}${path}`),
        // Whole ms, as all clocks show; timers may end in between.
        () => this.wallMs + Math.floor(world.now),
      ),
      parallelism,
      generate: drawn.generate,
      ...(drawn.spills ? { openBudget: () => smallBudget(() => this.#parts.scratched(process)) } : {}),
      clock: simulatedClock(world, process),
      openState: (_: string, pipeline: string) => host.directory.open(world, process, pipeline),
    } satisfies RunOptions;
    const plan = readBy(this.plan(version), { world, drawn, process });
    const failed = (thrown: unknown): void => this.#failed({ host, process, changed: isOther }, thrown);
    if (next === "run") {
      run(plan, {
        ...options,
        signal: stop.signal,
        aheadBytesMin: pick(random, [1, 1024, undefined]),
        onStart: (handle) => void this.#handles.set(process, handle),
        ...(random.oneIn(2) ? { shuffle: (runners) => someOf(random, runners) } : {}),
      }).then(
        (report) => this.#ended(host, process, report.ended === "stopped" ? undefined : "finished"),
        failed,
      );
    } else adopt(plan, options).then(() => this.#adopted(host, process, version), failed);
  }

  /** Asks a run for a savepoint; whether it comes, nobody waits for. */
  savepoint(process: Process, name: string): void {
    const { world } = this.#parts;
    const told = (what: string): void => {
      if (!process.dead) world.note(`savepoint ${name}: ${what}`);
    };
    const created = new Date(this.wallMs + world.now).toISOString();
    this.#handles
      .get(process)
      ?.savepoint({ name, created })
      .then(
        () => told("kept"),
        (thrown: unknown) => told(reasonOf(thrown)),
      );
  }

  /** Whether a process has a run that can be asked. */
  isRunning(process: Process): boolean {
    return this.#handles.has(process) && this.#stops.has(process);
  }

  stop(process: Process): void {
    this.#stops.get(process)?.abort();
  }

  kill(process: Process, sent: "may arrive" | "is lost"): void {
    this.#parts.world.kill(process, sent);
    this.#stops.delete(process);
    this.startSoon(this.hostOf(process));
  }

  /** Ends all processes, or those of a host. */
  killAll(sent: "may arrive" | "is lost", on?: Host): void {
    const running = Array.from(this.#stops.keys());
    for (const process of running) if (on === undefined || process.host === on.name) this.kill(process, sent);
  }

  /** What tables show at the moment. */
  tables(): TableImages {
    return new Map([...this.buckets].map(([path, { objects }]) => [path, new Map(objects)]));
  }

  #ended(host: Host, process: Process, ended: Host["ended"]): void {
    if (process.dead) return;
    this.#parts.world.note(`${host.name}${process.id} ended: ${ended ?? "to be started again"}`);
    this.#stops.delete(process);
    host.ended ??= ended;
    if (host.ended === undefined) this.startSoon(host);
  }

  #adopted(host: Host, process: Process, version: Version): void {
    if (process.dead) return;
    if (host.next === "trying") {
      this.looking = this.#parts.tried(version);
      this.#beginAgain(host);
    } else {
      host.adoptions++;
      host.next = "run";
    }
    this.#ended(host, process, undefined);
  }

  /** The state is as it was before its adoption was begun, and the right pipeline tries it. */
  #beginAgain(host: Host): void {
    host.diverged ||= host.directory.intents > 0;
    host.directory.restore(host.adopts?.from);
    host.next = "adopt";
  }

  #failed(failed: Pick<Circumstances, "host" | "process" | "changed">, thrown: unknown): void {
    const { host, process } = failed;
    if (process.dead) return;
    this.#parts.world.note(`${host.name}${process.id} failed: ${reasonOf(thrown)}`);
    const { kinds, drawn } = this.#parts;
    const again = (): void => this.#ended(host, process, undefined);
    switch (reactionTo(thrown, { ...failed, kinds, drawn })) {
      case "again":
        return again();
      case "run":
        host.next = "run";
        return again();
      case "adopt":
        host.next = "adopt";
        return again();
      case "adopt from before":
        this.#beginAgain(host);
        return again();
      case "refused":
        // A refusal stands: trying again does not get through.
        return this.#ended(host, process, ++host.refusals < 2 ? undefined : "refused");
      case "violation":
        if (this.#parts.tablesOnly && ++this.#failures < FAILURES_MAX) return again();
        this.violation ??= new Violation(
          `a run failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
        );
    }
  }
}

/** A plan whose sources are read by one process. */
export function readBy(
  plan: Plan,
  { world, drawn, process }: { readonly world: World; readonly drawn: Drawn; readonly process: Process },
): Plan {
  const nodes = plan.nodes.map((node) => {
    if (node.kind !== "source") return node;
    const logs = drawn.logs[lastOf(node.id) as keyof Drawn["logs"]];
    const open = async ({ schema }: { readonly schema: typeof node.spec.schema }) =>
      openLogs(world, process, logs, { all: node.spec.schema, wanted: schema });
    return { ...node, spec: { ...node.spec, open } };
  });
  return { ...plan, nodes };
}

/** Most of the runners, in any order: the others have to wait for their turn. */
export function someOf<T>(random: Random, runners: readonly T[]): readonly T[] {
  const some = runners.filter(() => !random.oneIn(5));
  random.shuffle(some);
  return some;
}
