/** Delays of events, and which of them this thread could not help. */
import { percentile, type Turn } from "../turns.ts";

/** A turn that took so many milliseconds more than it worked and waited for its timer was kept from its core. */
const KEPT_FROM_MS = 3;

/** The delays of events in the order in which they arrived. */
export class Delays {
  readonly #arrivedMs: Float64Array;
  readonly #delaysMs: Float64Array;
  #count = 0;

  /** `countMax` events are noted at most. */
  constructor(countMax: number) {
    this.#arrivedMs = new Float64Array(countMax);
    this.#delaysMs = new Float64Array(countMax);
  }

  get count(): number {
    return this.#count;
  }

  /** An event has arrived, at a time of `performance.now()`. */
  note(arrivedMs: number, delayMs: number): void {
    if (this.#count === this.#arrivedMs.length) return;
    this.#arrivedMs[this.#count] = arrivedMs;
    this.#delaysMs[this.#count++] = delayMs;
  }

  /** Median, 99th percentile and maximum of all of them, ms. */
  all(): string {
    return inWords([...this.#delaysMs.subarray(0, this.#count)]);
  }

  /**
   * The same of the events that were not on their way while the thread was kept from its core, by other programs or by
   * a disk; `beganMs` is when the turns were first watched.
   */
  undisturbed(turns: readonly Turn[], beganMs: number): string {
    const kept = turns.filter(({ wallMs, cpuMs }) => wallMs - cpuMs > KEPT_FROM_MS);
    const delays: number[] = [];
    let next = 0;
    for (let i = 0; i < this.#count; i++) {
      const arrived = (this.#arrivedMs[i] as number) - beganMs;
      const delay = this.#delaysMs[i] as number;
      // Turns that were over before the event was made are of no interest to those behind it either.
      while (next < kept.length && endOf(kept[next]) < arrived - delay) next++;
      const isDisturbed = next < kept.length && (kept[next] as Turn).atMs <= arrived;
      if (!isDisturbed) delays.push(delay);
    }
    return `${inWords(delays)}, ${((delays.length / this.#count) * 100).toFixed(0)} % of events`;
  }
}

function endOf(turn: Turn | undefined): number {
  return turn === undefined ? Infinity : turn.atMs + turn.wallMs;
}

function inWords(delays: readonly number[]): string {
  const [p50, p99, max] = [50, 99, 100].map((percent) => percentile(delays, percent).toFixed(1));
  return `p50 ${p50} p99 ${p99} (10) max ${max} ms`;
}
