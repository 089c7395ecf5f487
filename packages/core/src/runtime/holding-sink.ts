import type { Batch } from "../batch/batch.ts";
import { encodeFrames } from "../batch/frame.ts";
import type { HeldFrame } from "../checkpoint/records.ts";
import type { Operator, OperatorContext, Progress } from "../operator.ts";

/**
 * The end of a stream on one shard: keeps the rows of the running epoch as frames, which the checkpoint makes durable.
 * Encoding at once is the copy that the contract of batches asks for.
 */
export class HoldingSink implements Operator {
  readonly #sink: string;
  readonly #shard: number;
  readonly #count: OperatorContext["count"];
  #frames: { readonly rows: number; readonly bytes: Uint8Array }[] = [];
  /** Bytes held since the last barrier. */
  bytes = 0;

  constructor(sink: string, shard: number, count: OperatorContext["count"]) {
    this.#sink = sink;
    this.#shard = shard;
    this.#count = count;
  }

  onBatch(batch: Batch): Progress {
    // Rows wider than a frame make more than one; they are counted with the first.
    let rows = batch.length;
    for (const bytes of encodeFrames([batch])) {
      this.#frames.push({ rows, bytes });
      this.bytes += bytes.length;
      rows = 0;
    }
    this.#count("passed", batch.length);
    return "done";
  }

  /** The frames of the epoch that ends; an epoch without rows holds nothing. */
  hold(): HeldFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.bytes = 0;
    return frames.map(({ rows, bytes }, seq) => ({ sink: this.#sink, shard: this.#shard, seq, rows, bytes }));
  }
}
