import type { Schema } from "../schema/schema.ts";
import type { Column } from "./column.ts";

/** Rows in a batch at most. */
export const BATCH_ROWS_MAX = 4096;

/**
 * What the rows of a stream mean.
 * `append`: new rows, which never change. `upsert`: the last row per key stands; a delete carries the key columns only.
 * `retract`: an update is the full old row with diff −1 and the full new row with +1.
 */
export type ChangeMode = "append" | "upsert" | "retract";

/**
 * Rows as columns: the only form in which data moves. At most `BATCH_ROWS_MAX` rows, at least one.
 *
 * Valid until the call it is given to returns "done" (operators) or its promise settles (sinks): whoever needs rows
 * longer copies them. Whoever receives a batch never writes to it; whoever made it may use its memory again, as `Output`
 * says.
 */
export interface Batch {
  readonly schema: Schema;
  readonly length: number;
  /** One per field of the schema, in its order. */
  readonly columns: readonly Column[];
  readonly change: ChangeMode;
  /** One a row; absent for append. upsert: +1 the row, −1 a delete of its key. retract: +n or −n equal rows. */
  readonly diffs?: Int32Array | undefined;
  /** Event time of each row, µs; −∞ on streams without event time. */
  readonly times: Float64Array;
  /**
   * Clock of each row: no row of its split at or before it was still expected when it came. −∞ (one number) for rows
   * that an operator made or held back: those are never late further on.
   */
  readonly clocks: Float64Array | number;
  /** Where the rows were read; kept through stateless operators, absent after a keyed one. */
  readonly origin?: Origin | undefined;
}

/** All rows of a batch with an origin come from one split. */
export interface Origin {
  /** Id of the source node. */
  readonly source: string;
  readonly split: string;
  /** Position of each row in its split, at least `length` entries (byte offset, Kafka offset, …). */
  readonly positions: Float64Array;
  /** The record as it was read: `bytes[starts[i] .. ends[i])`. */
  readonly raw?:
    | { readonly starts: Int32Array; readonly ends: Int32Array; readonly bytes: Uint8Array }
    | undefined;
}

/** The diff of a row: 1 where the batch has none. */
export function diffAt(batch: Batch, row: number): number {
  return batch.diffs === undefined ? 1 : (batch.diffs[row] as number);
}

/** The clock of a row. */
export function clockAt(batch: Batch, row: number): number {
  return typeof batch.clocks === "number" ? batch.clocks : (batch.clocks[row] as number);
}
