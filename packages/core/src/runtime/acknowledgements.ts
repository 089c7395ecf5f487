import type { CheckpointRecord } from "../checkpoint/records.ts";
import type { Position, Source } from "../connector.ts";
import type { Epoch } from "../stream.ts";

/** Checkpoints that are remembered until they are acknowledged. */
const RECORDS_MAX = 64;

/** Tells sources which positions every sink has shown, in the order of the epochs. */
export class Acknowledgements {
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #failed: (error: unknown) => void;
  /** Whether any source wants to know. */
  readonly #heard: boolean;
  /** Checkpoints that are durable and not acknowledged, oldest first. */
  #waiting: CheckpointRecord[];
  /** Epochs that lie between two of them. */
  #apart = 1;
  #running: Promise<void> = Promise.resolve();

  /** `restored`: the process before this one may have ended before it acknowledged its last checkpoint. */
  constructor(
    sources: ReadonlyMap<string, Source>,
    restored: CheckpointRecord | undefined,
    failed: (error: unknown) => void,
  ) {
    this.#sources = sources;
    this.#failed = failed;
    this.#heard = [...sources.values()].some((source) => source.committed !== undefined);
    this.#waiting = restored === undefined ? [] : [restored];
  }

  stored(checkpoint: CheckpointRecord): void {
    if (!this.#heard) return;
    const waiting = this.#waiting;
    if (waiting.length === 0) this.#apart = 1;
    // A record says all that those before it say, so for sinks that deliver seldom fewer of them do.
    const [before] = waiting.slice(-2);
    if (waiting.length > 1 && before !== undefined && checkpoint.epoch - before.epoch <= this.#apart)
      waiting.pop();
    waiting.push(checkpoint);
    if (waiting.length <= RECORDS_MAX) return;
    this.#waiting = waiting.filter((_, i) => i % 2 === 0);
    this.#apart *= 2;
  }

  /** Everything of the epochs up to `through` is shown by all sinks. */
  shown(through: Epoch): void {
    const newest = this.#waiting.findLast(({ epoch }) => epoch <= through);
    if (newest === undefined) return;
    this.#waiting = this.#waiting.filter(({ epoch }) => epoch > newest.epoch);
    this.#running = this.#running.then(() => this.#tell(newest)).catch(this.#failed);
  }

  /** Settles when the sources have been told. */
  settled(): Promise<void> {
    return this.#running;
  }

  async #tell({ epoch, splits }: CheckpointRecord): Promise<void> {
    for (const [id, source] of this.#sources) {
      const positions = new Map<string, Position>();
      for (const { source: of, split, position } of splits) {
        if (of === id && position !== undefined) positions.set(split, position);
      }
      await source.committed?.(epoch, positions);
    }
  }
}
