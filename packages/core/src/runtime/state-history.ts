import {
  deleteSavepoint,
  type FoundSavepoint,
  type SavepointRequest,
  savepointsIn,
} from "../checkpoint/savepoint.ts";
import type { Plan } from "../plan/plan.ts";
import type { Epoch } from "../stream.ts";

/** Says when the next savepoint is due that nobody asked for, and removes those that are too many. */
export class StateHistory {
  readonly #everyMs: number;
  readonly #keep: number;
  readonly #directory: string;
  readonly #now: () => number;
  readonly #startedMs: number;
  /** Of the newest; none before the first. */
  #lastMs: number | undefined;
  #lastEpoch: Epoch = 0;

  /** `now`: milliseconds since 1970. */
  constructor({ every, keep }: NonNullable<Plan["stateHistory"]>, stateDirectory: string, now: () => number) {
    this.#everyMs = every / 1000;
    this.#keep = keep;
    this.#directory = stateDirectory;
    this.#now = now;
    this.#startedMs = now();
    const [newest] = automatic(stateDirectory);
    this.#lastMs = newest?.savepoint === undefined ? undefined : Date.parse(newest.savepoint.created);
    this.#lastEpoch = newest?.savepoint?.epoch ?? 0;
  }

  /**
   * What to ask for, where one is due; `epoch` is that of the last checkpoint. While the pipeline runs time counts from
   * its start: the last savepoint of a day's run should have all of the day, so its end looks only at the one before.
   */
  due(epoch: Epoch, isEnd: boolean): SavepointRequest | undefined {
    const now = this.#now();
    const since = Math.max(this.#lastMs ?? 0, isEnd ? 0 : this.#startedMs);
    if (epoch <= this.#lastEpoch || now - since < this.#everyMs) return undefined;
    this.#lastMs = now;
    this.#lastEpoch = epoch;
    const created = new Date(now).toISOString();
    return { name: `auto-${created.replaceAll(":", "-")}`, created, automatic: true };
  }

  /** Removes the oldest beyond those that are kept. */
  tidy(): void {
    for (const { name } of automatic(this.#directory).slice(this.#keep))
      deleteSavepoint(this.#directory, name);
  }
}

/** The newest first. */
function automatic(stateDirectory: string): FoundSavepoint[] {
  return savepointsIn(stateDirectory).filter(({ savepoint }) => savepoint?.automatic === true);
}
