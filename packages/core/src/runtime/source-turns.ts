import { BEGINNING, type Time } from "../time.ts";
import type { Rounds } from "./rounds.ts";
import type { RunnerName } from "./shard-messages.ts";
import type { SourceRunner } from "./source-runner.ts";

/**
 * Which sources of a thread take rows, where shards are on several threads.
 *
 * A split that speaks again needs a mark at the highest clock that anybody behind its source has reached, on any
 * thread. So its receivers are told that it holds their clocks back; when all of them know, all sources rest and
 * nothing is on its way, no clock behind it can rise any more, and what was reached is asked. Only then it may speak.
 */
export class SourceTurns {
  readonly #sources: readonly SourceRunner[];
  readonly #rounds: Rounds;
  /** Those whose split may speak now. */
  readonly #speaking: Set<SourceRunner> = new Set();
  #reached: ReadonlyMap<string, Time> = new Map();
  /** Whether no source takes rows but those that may speak: also until all splits that there are have been added. */
  rests = true;

  constructor(sources: readonly SourceRunner[], rounds: Rounds) {
    this.#sources = sources;
    this.#rounds = rounds;
  }

  /** One round; says whether anything was done. */
  step(): boolean {
    let progressed = false;
    for (const source of this.#sources) progressed = source.announce() || progressed;
    // A split that speaks again must not be overtaken by the clocks of the others: they wait until it has its mark.
    const rest = this.rests || this.#sources.some(({ waking }) => waking);
    const turn = this.#sources.filter((source) => (source.waking ? this.#speaking.has(source) : !rest));
    return this.#rounds.step(turn) || progressed;
  }

  /** Those with a split that waits to speak, when all receivers have been sent word of it. */
  get waiting(): RunnerName[] {
    return this.#sources
      .filter((source) => source.announced && !this.#speaking.has(source))
      .map(({ node, shard }) => ({ node, shard }));
  }

  /** Some may speak, behind what was reached by source. */
  speak(runners: readonly RunnerName[], reached: ReadonlyMap<string, Time>): void {
    this.#reached = reached;
    for (const source of this.#sources) {
      if (runners.some(({ node, shard }) => source.node === node && source.shard === shard))
        this.#speaking.add(source);
    }
  }

  /** Whether a split of a source may speak, which it then does. */
  settled(source: SourceRunner): boolean {
    return this.#speaking.delete(source);
  }

  reached(source: string): Time {
    return this.#reached.get(source) ?? BEGINNING;
  }
}
