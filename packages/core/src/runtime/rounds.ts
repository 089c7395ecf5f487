import type { WallClock } from "./clock-port.ts";
import type { Graph } from "./graph.ts";
import type { SourceRunner } from "./source-runner.ts";

/** Milliseconds between two flushes under low load. */
export const FLUSH_EVERY_MS = 100;

/** Drives the nodes and sources of a graph, round by round. */
export class Rounds {
  readonly #graph: Graph;
  readonly #clock: Pick<WallClock, "now">;
  readonly #shuffle: (<T>(runners: readonly T[]) => readonly T[]) | undefined;
  #flushAt: number;

  /** `shuffle` orders runners anew in each round. */
  constructor(
    graph: Graph,
    clock: Pick<WallClock, "now">,
    shuffle?: <T>(runners: readonly T[]) => readonly T[],
  ) {
    this.#graph = graph;
    this.#clock = clock;
    this.#shuffle = shuffle;
    this.#flushAt = clock.now() + FLUSH_EVERY_MS;
  }

  /** One round over all nodes, those downstream first; says whether anything was done. */
  pump(): boolean {
    let progressed = false;
    for (const runner of this.#ordered(this.#graph.downstreamFirst)) progressed = runner.pump() || progressed;
    return progressed;
  }

  /** One round over some sources; says whether anything was done. */
  step(sources: readonly SourceRunner[]): boolean {
    let progressed = false;
    for (const source of this.#ordered(sources)) progressed = source.step() || progressed;
    return progressed;
  }

  /** Emits what is due, now and then: there is nothing to do at this moment. Says whether there is now. */
  flushWhenDue(): boolean {
    const now = this.#clock.now();
    if (now < this.#flushAt) return false;
    this.#flushAt = now + FLUSH_EVERY_MS;
    for (const runner of this.#graph.nodes) runner.flush();
    return this.#graph.nodes.some(({ unfinished }) => unfinished);
  }

  /** Milliseconds until a source may be asked again, or something may be due, at most. */
  wait(): number {
    return Math.min(FLUSH_EVERY_MS, ...this.#graph.sources.flatMap((source) => source.wait() ?? []));
  }

  #ordered<T>(runners: readonly T[]): readonly T[] {
    return this.#shuffle?.(runners) ?? runners;
  }
}
