import { type Batch, BATCH_ROWS_MAX } from "../batch/batch.ts";
import { BatchJoiner } from "../batch/batch-joiner.ts";
import { rowBytes } from "../batch/frame-plan.ts";
import { encodeFrames } from "../batch/frame.ts";
import type { Frame } from "../checkpoint/records.ts";
import type { Operator, OperatorContext, Progress } from "../operator.ts";

/** Rows and bytes up to which a batch is joined with others; a larger one becomes frames at once. */
const JOINED_ROWS_MAX = 1024;
const JOINED_BYTES_MAX = 1024 * 1024;

/**
 * The end of a stream on one shard: keeps the rows of the running epoch as frames, which the checkpoint makes durable.
 * Encoding is the copy that the contract of batches asks for. A window that ends a few groups at a time would fill
 * frames with little but their heads, so small batches are joined first.
 */
export class HoldingSink implements Operator {
  readonly #count: OperatorContext["count"];
  #frames: Frame[] = [];
  readonly #waiting: BatchJoiner = new BatchJoiner();
  #frameBytes = 0;
  #waitingBytes = 0;
  /** Of the frames that were taken ahead of the next barrier. */
  #takenBytes = 0;

  constructor(count: OperatorContext["count"]) {
    this.#count = count;
  }

  /** Bytes held since the last barrier; of rows that wait, about. */
  get bytes(): number {
    return this.#takenBytes + this.untakenBytes;
  }

  /** Bytes that `takeFrames` gives; of rows that wait, about. */
  get untakenBytes(): number {
    return this.#frameBytes + this.#waitingBytes;
  }

  onBatch(batch: Batch): Progress {
    const { length } = batch;
    const bytes = rowBytes({ batch, start: 0, end: length });
    const isLarge = length > JOINED_ROWS_MAX || bytes > JOINED_BYTES_MAX;
    const fits =
      this.#waiting.length + length <= BATCH_ROWS_MAX && this.#waitingBytes + bytes <= JOINED_BYTES_MAX;
    if (isLarge || !fits) this.#encodeWaiting();
    if (isLarge) this.#encode(batch);
    else {
      this.#waiting.add(batch);
      this.#waitingBytes += bytes;
    }
    this.#count("passed", length);
    return "done";
  }

  /** The frames so far; those that follow come behind them. */
  takeFrames(): readonly Frame[] {
    this.#encodeWaiting();
    const frames = this.#frames;
    this.#takenBytes += this.#frameBytes;
    this.#frames = [];
    this.#frameBytes = 0;
    return frames;
  }

  /** The last frames of the epoch that ends; an epoch without rows holds nothing. */
  hold(): readonly Frame[] {
    const frames = this.takeFrames();
    this.#takenBytes = 0;
    return frames;
  }

  #encodeWaiting(): void {
    const batch = this.#waiting.take();
    if (batch !== undefined) this.#encode(batch);
    this.#waitingBytes = 0;
  }

  #encode(batch: Batch): void {
    for (const frame of framesOf([batch])) {
      this.#frames.push(frame);
      this.#frameBytes += frame.bytes.length;
    }
  }
}

/** Batches as frames. Where there are more than one, all rows are counted with the first. */
export function framesOf(batches: readonly Batch[]): Frame[] {
  const rows = batches.reduce((sum, { length }) => sum + length, 0);
  return encodeFrames(batches).map((bytes, part) => ({ rows: part === 0 ? rows : 0, bytes }));
}
