import type { Batch } from "../batch/batch.ts";
import { encodeFrames } from "../batch/frame.ts";
import type { Frame } from "../checkpoint/records.ts";
import type { Operator, OperatorContext, Progress } from "../operator.ts";

/**
 * The end of a stream on one shard: keeps the rows of the running epoch as frames, which the checkpoint makes durable.
 * Encoding at once is the copy that the contract of batches asks for.
 */
export class HoldingSink implements Operator {
  readonly #count: OperatorContext["count"];
  #frames: Frame[] = [];
  /** Bytes held since the last barrier. */
  bytes = 0;

  constructor(count: OperatorContext["count"]) {
    this.#count = count;
  }

  onBatch(batch: Batch): Progress {
    for (const frame of framesOf(batch)) {
      this.#frames.push(frame);
      this.bytes += frame.bytes.length;
    }
    this.#count("passed", batch.length);
    return "done";
  }

  /** The frames of the epoch that ends; an epoch without rows holds nothing. */
  hold(): readonly Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.bytes = 0;
    return frames;
  }
}

/** A batch as frames. Rows wider than a frame make more than one; they are counted with the first. */
export function framesOf(batch: Batch): Frame[] {
  return encodeFrames([batch]).map((bytes, part) => ({ rows: part === 0 ? batch.length : 0, bytes }));
}
