import type { HeldFrame, PlacedFrame, SentFrame } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import type { Epoch } from "../stream.ts";
import type { SinkRows } from "./sink-rows.ts";

/** Where the frames of the running epoch come from. */
type AheadRows = Pick<SinkRows, "untakenBytes" | "takeFrames">;

/** Held bytes that are worth a message to the state. */
export const AHEAD_BYTES_MIN: number = 2 * 1024 * 1024;

/**
 * The way of held rows to the state. They go there while their epoch still runs: those of a second may be
 * hundreds of megabytes, which would lie here until the barrier, and then be written while everybody waits. They count
 * with the checkpoint of their epoch alone.
 */
export class HeldAhead {
  readonly #rows: AheadRows;
  readonly #state: Pick<StateFile, "hold">;
  readonly #bytesMin: number;
  readonly #failed: (error: unknown) => void;
  /** Frames so far of each sink and shard in the running epoch. */
  #numbers: Map<string, number> = new Map();
  #sent: SentFrame[] = [];
  #sending: Promise<void> | undefined;

  constructor(
    rows: AheadRows,
    state: Pick<StateFile, "hold">,
    {
      bytesMin = AHEAD_BYTES_MIN,
      failed,
    }: { readonly bytesMin?: number | undefined; readonly failed: (error: unknown) => void },
  ) {
    this.#rows = rows;
    this.#state = state;
    this.#bytesMin = bytesMin;
    this.#failed = failed;
  }

  /**
   * Sends what is worth it, one message at a time: a slow disk gets larger ones. Not to be called between a barrier and
   * its commit.
   */
  sendWhenDue(epoch: Epoch): void {
    if (this.#sending !== undefined || this.#rows.untakenBytes() < this.#bytesMin) return;
    const frames = this.#numbered(this.#rows.takeFrames());
    for (const { sink, rows, bytes } of frames) this.#sent.push({ sink, rows, bytes: bytes.length });
    this.#sending = this.#state
      .hold(epoch, frames)
      .catch(this.#failed)
      .finally(() => {
        this.#sending = undefined;
      });
  }

  /** The last frames of the running epoch and those before them, which were sent; the next epoch begins. */
  finish(last: readonly PlacedFrame[]): { readonly held: HeldFrame[]; readonly ahead: readonly SentFrame[] } {
    const held = this.#numbered(last);
    const ahead = this.#sent;
    this.#numbers = new Map();
    this.#sent = [];
    return { held, ahead };
  }

  /** All that was sent has arrived, or the run has failed. */
  async arrived(): Promise<void> {
    await this.#sending;
  }

  /** Frames of one sink and shard in one sequence, also when refused rows come from two places. */
  #numbered(frames: readonly PlacedFrame[]): HeldFrame[] {
    return frames.map((frame) => {
      const place = `${frame.shard} ${frame.sink}`;
      const seq = this.#numbers.get(place) ?? 0;
      this.#numbers.set(place, seq + 1);
      return { ...frame, seq };
    });
  }
}
