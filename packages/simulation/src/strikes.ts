/** Lets faults strike at actions of the world. */
import { type DataflowError, unreachable } from "@df/core";
import type { Cluster } from "./cluster.ts";
import {
  END,
  type Fault,
  type FaultKind,
  type ForeignKind,
  isForeign,
  isLineage,
  type LineageKind,
} from "./faults.ts";
import { pick } from "./drawn.ts";
import type { Host } from "./host.ts";
import { begin, mayBegin } from "./lineages.ts";
import type { Outsiders } from "./outsiders.ts";
import { StateDirectory, type StateImage } from "./ports/state.ts";
import { injected } from "./ports/store.ts";
import { Violation } from "./verdict.ts";
import { type Action, PHASES, type Process, type World } from "./world.ts";

/** Faults that are the answer to an action: there is no moment after it. */
const ANSWERS: ReadonlySet<FaultKind> = new Set(["disk full", "input/output error", "lost answer"]);
/** Faults at which all that is on its way is lost. */
const LOSING: ReadonlySet<FaultKind> = new Set(["power loss", "rewind", "lost state"]);
/** Actions of a phase after which one who has no savepoint yet asks again. */
const ASKED_AGAIN_AFTER = 4;
const YEAR_MS = 365 * 86_400_000;

/** The faults of a history that have yet to strike, and what has struck. */
export class Strikes {
  /** "kind at phase". */
  readonly struck: string[] = [];
  checkpoints = 0;
  readonly #faults: Fault[];
  /** Nothing strikes before there is a savepoint: else there is none in most histories that want one. */
  readonly #isPatient: boolean;
  readonly #kinds: Set<FaultKind>;
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #outsiders: Outsiders;

  /** `kinds` is told each kind that strikes. */
  constructor(
    faults: readonly Fault[],
    kinds: Set<FaultKind>,
    { world, cluster, outsiders }: { world: World; cluster: Cluster; outsiders: Outsiders },
  ) {
    this.#faults = [...faults];
    this.#isPatient =
      faults.some(({ kind }) => isLineage(kind) && kind !== "lost state") && world.random.oneIn(2);
    this.#kinds = kinds;
    this.#world = world;
    this.#cluster = cluster;
    this.#outsiders = outsiders;
  }

  /** Is told of each action before it happens; says whether it happens. */
  watch(action: Action): boolean {
    if (action.label === "state.commit") this.#checkpointed(action);
    if (action.phase === "other" || action.process.dead) return true;
    const place = this.#faults.findIndex(
      (each) => each.phase === action.phase && this.#mayStrike(each.kind, action),
    );
    const fault = this.#faults[place];
    if (fault === undefined || fault.skip-- > 0) return true;
    this.#faults.splice(place, 1);
    // Who has got no savepoint asks again.
    const { savepoints } = this.#cluster.hostOf(action.process).directory;
    if (fault.kind === "savepoint" && savepoints.length === 0)
      this.#faults.push({ ...fault, phase: pick(this.#world.random, PHASES), skip: ASKED_AGAIN_AFTER });
    return this.#strike(fault, action);
  }

  /** What a disk answers to a process that uses its scratch file; undefined where nothing is wrong with it. */
  scratched(process: Process): DataflowError | undefined {
    const place = this.#faults.findIndex(({ phase }) => phase === "spill");
    const fault = this.#faults[place];
    if (fault === undefined || process.dead || fault.skip-- > 0) return undefined;
    this.#faults.splice(place, 1);
    this.#note(fault.kind, "spill");
    return injected(fault.kind);
  }

  /** What has waited for a savepoint all the time comes at the end; says whether there was any. */
  strikeLast(): boolean {
    const place = this.#faults.findIndex(({ kind }) => isLineage(kind));
    const fault = this.#faults[place];
    const [host, other] = this.#cluster.hosts;
    if (fault === undefined || host === undefined || other !== undefined) return false;
    const { kind } = fault;
    if (!isLineage(kind) || !mayBegin(kind, host)) return false;
    this.#faults.splice(place, 1);
    this.#note(kind, END);
    this.#begin(kind, host);
    return true;
  }

  #note(kind: FaultKind, at: string): void {
    this.#kinds.add(kind);
    this.struck.push(`${kind} at ${at}`);
    this.#world.note(`fault: ${kind} at ${at}`);
  }

  #begin(kind: LineageKind, host: Host): void {
    begin(kind, host, { world: this.#world, cluster: this.#cluster, outsiders: this.#outsiders });
  }

  #checkpointed({ process }: Action): void {
    this.checkpoints++;
    const host = this.#cluster.hostOf(process);
    if (this.#faults.some(({ kind }) => kind === "older backup") && this.#world.random.oneIn(3)) {
      host.directory.backup = host.directory.image();
    }
  }

  /** Says whether the action happens all the same. */
  #strike({ kind, moment }: Fault, action: Action): boolean {
    const world = this.#world;
    const { process, phase } = action;
    this.#note(kind, phase);
    if (ANSWERS.has(kind)) {
      world.fail(action, injected(kind), kind === "lost answer" ? "done" : "not done");
      return false;
    }
    if (moment === "after") action.run();
    if (isForeign(kind)) this.#cluster.looking = this.#outsiders.interfere(kind);
    else this.#befall(kind, process);
    if (moment === "after") return false;
    const isSent = action.remote && !LOSING.has(kind) && world.random.oneIn(2);
    if (process.dead ? isSent : process.pausedUntil > world.now)
      world.postpone(action, world.random.below(500));
    else return !process.dead;
    return false;
  }

  #mayStrike(kind: FaultKind, { process, label }: Action): boolean {
    const { hosts } = this.#cluster;
    const host = this.#cluster.hostOf(process);
    const isFirst = hosts.length === 1 && host.directory.savepoints.length === 0;
    if (this.#isPatient && isFirst && kind !== "savepoint") return false;
    // A disk that is full does not hinder who reads.
    if (kind === "disk full") return !label.startsWith("poll");
    if (isForeign(kind)) return this.#outsiders.tables(kind).length > 0;
    if (isLineage(kind)) return hosts.length === 1 && mayBegin(kind, host);
    if (kind === "savepoint") return this.#cluster.isRunning(process);
    if (kind === "older backup") return host.directory.backup !== undefined;
    if (kind === "copied state") return hosts.length === 1 && host.directory.hasCheckpoint;
    return kind !== "changed pipeline" || host.directory.hasCheckpoint;
  }

  /** What befalls a process, its host or its stores. */
  #befall(kind: Exclude<FaultKind, ForeignKind>, process: Process): void {
    const cluster = this.#cluster;
    const { random, now } = this.#world;
    const host = cluster.hostOf(process);
    switch (kind) {
      case "kill":
        return cluster.kill(process, "may arrive");
      case "power loss":
        return cluster.killAll("is lost");
      case "pause and twin":
      case "twin without a lock":
        host.directory.unlocked ||= kind === "twin without a lock";
        process.pausedUntil = now + 20 + random.below(1500);
        return cluster.start(host);
      case "slow store":
        for (const bucket of cluster.buckets.values()) bucket.latencyMs = random.oneIn(3) ? 5 : 200;
        return undefined;
      case "clock jump":
        cluster.wallMs += (random.below(3) - 1) * YEAR_MS;
        return undefined;
      case "clean stop":
        return cluster.stop(process);
      case "changed pipeline":
        host.changed = true;
        return cluster.kill(process, "may arrive");
      case "rename":
      case "migration":
        return this.#change(kind, host, process);
      case "savepoint":
        return cluster.savepoint(process, `s${this.#world.events}`);
      case "child in place":
      case "child elsewhere":
      case "rewind":
      case "lost state":
        return this.#begin(kind, host);
      case "copied state":
        return this.#copy(host);
      case "older backup":
        return this.#setBack(host, host.directory.backup as StateImage);
      case "disk full":
      case "input/output error":
      case "lost answer":
        throw new Violation(`"${kind}" befalls an answer, not a process`);
      default:
        return unreachable(kind);
    }
  }

  /** From the next start on the pipeline is another one that goes on with what there is. */
  #change(kind: "rename" | "migration", host: Host, process: Process): void {
    host.version =
      kind === "rename" ? { ...host.version, scope: "second" } : { ...host.version, aggregates: "fewer" };
    this.#cluster.kill(process, "may arrive");
  }

  #copy({ directory, version }: Host): void {
    const copy = new StateDirectory(() => this.#cluster.tables(), directory.image());
    this.#cluster.addHost({ name: "b", directory: copy, version });
  }

  #setBack(host: Host, backup: StateImage): void {
    this.#cluster.killAll("may arrive", host);
    host.directory.restore(backup);
    // Some accept that it is refused, some bring it to where its targets are.
    if (this.#cluster.hosts.length === 1 && this.#world.random.oneIn(2)) host.adopts = { from: backup };
  }
}
