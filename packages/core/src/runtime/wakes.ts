import type { Plan } from "../plan/plan.ts";
import { withAllBehind } from "../plan/plan.ts";
import { BEGINNING, type Time } from "../time.ts";
import type { Graph } from "./graph.ts";
import type { ShardThreads } from "./shard-threads.ts";
import type { SourceTurns } from "./source-turns.ts";

/** A node or source on one shard, and how far it has come. */
interface Reached {
  readonly node: string;
  readonly clock: Time;
}

/** Gives splits that speak again their marks, on all threads: see `SourceTurns`. */
export class Wakes {
  readonly #graph: Graph;
  readonly #turns: SourceTurns;
  readonly #threads: ShardThreads;
  /** Sources were asked to rest. */
  #rests = false;

  constructor(graph: Graph, turns: SourceTurns, threads: ShardThreads) {
    this.#graph = graph;
    this.#turns = turns;
    this.#threads = threads;
  }

  /** Whether sources have to rest, until the splits that wait have their marks. */
  look(): boolean {
    const runners = [...this.#turns.waiting, ...this.#threads.waking];
    if (!this.#rests) {
      this.#rests = runners.length > 0;
      return this.#rests;
    }
    if (!this.#graph.idle() || !this.#threads.quiet()) return true;
    this.#rests = false;
    if (runners.length === 0) return false;
    const { plan, nodes, sources } = this.#graph;
    const all = [...nodes, ...sources, ...this.#threads.clocks];
    const reached = new Map(runners.map(({ node }) => [node, reachedBehind(plan, node, all)]));
    this.#turns.speak(runners, reached);
    this.#threads.speak(runners, reached);
    return false;
  }
}

/** The highest clock that a source or any node behind it has reached. */
export function reachedBehind(plan: Plan, source: string, all: readonly Reached[]): Time {
  const behind = withAllBehind(plan, source);
  let highest: Time = BEGINNING;
  for (const { node, clock } of all) {
    if (behind.has(node) && Number.isFinite(clock) && clock > highest) highest = clock;
  }
  return highest;
}
