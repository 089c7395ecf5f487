import { type Batch, BATCH_ROWS_MAX } from "../batch/batch.ts";
import { copyBatch } from "../batch/copy.ts";
import { encodeFrames } from "../batch/frame.ts";
import type { Frame } from "../checkpoint/records.ts";
import type { Operator, OperatorContext, Progress } from "../operator.ts";

/** Rows from which on a batch becomes frames at once; of smaller ones, some are joined. */
const JOINED_ROWS_MAX = 1024;

/**
 * The end of a stream on one shard: keeps the rows of the running epoch as frames, which the checkpoint makes durable.
 * Encoding is the copy that the contract of batches asks for. A window that ends a few groups at a time would fill
 * frames with little but their heads, so small batches wait for each other.
 */
export class HoldingSink implements Operator {
  readonly #count: OperatorContext["count"];
  #frames: Frame[] = [];
  #waiting: Batch[] = [];
  #waitingRows = 0;
  #frameBytes = 0;
  #waitingBytes = 0;

  constructor(count: OperatorContext["count"]) {
    this.#count = count;
  }

  /** Bytes held since the last barrier; of rows that wait, about. */
  get bytes(): number {
    return this.#frameBytes + this.#waitingBytes;
  }

  onBatch(batch: Batch): Progress {
    const { length } = batch;
    if (length > JOINED_ROWS_MAX || this.#waitingRows + length > BATCH_ROWS_MAX) this.#encodeWaiting();
    if (length > JOINED_ROWS_MAX) this.#encode([batch]);
    else this.#wait(copyBatch({ ...batch, origin: undefined }));
    this.#count("passed", length);
    return "done";
  }

  /** The frames of the epoch that ends; an epoch without rows holds nothing. */
  hold(): readonly Frame[] {
    this.#encodeWaiting();
    const frames = this.#frames;
    this.#frames = [];
    this.#frameBytes = 0;
    return frames;
  }

  #wait(batch: Batch): void {
    this.#waiting.push(batch);
    this.#waitingRows += batch.length;
    this.#waitingBytes += bytesOf(batch);
  }

  #encodeWaiting(): void {
    if (this.#waitingRows === 0) return;
    this.#encode(this.#waiting);
    this.#waiting = [];
    this.#waitingRows = 0;
    this.#waitingBytes = 0;
  }

  #encode(batches: readonly Batch[]): void {
    for (const frame of framesOf(batches)) {
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

function bytesOf({ length, columns }: Batch): number {
  let bytes = 0;
  for (const column of columns) bytes += column.layout === "text" ? column.bytes.length : length * 8;
  return Math.max(bytes, length);
}
