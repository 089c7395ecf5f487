import {
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  type Batch,
  type Column,
  type Schema,
  type Time,
} from "@df/core";
import type { CanonicalCodec } from "@df/core/batch/canonical";

/**
 * Collects old and new rows as batches of a retract stream; both halves of an update lie in one batch, side by side.
 */
export class Halves {
  readonly #schema: Schema;
  readonly #codec: CanonicalCodec;
  readonly #builders: readonly ColumnBuilder[];
  readonly #diffs: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #times: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  #length = 0;
  #batches: Batch[] = [];

  /** `codec` encodes all columns of `schema`. */
  constructor(schema: Schema, codec: CanonicalCodec) {
    this.#schema = schema;
    this.#codec = codec;
    this.#builders = schema.fields.map((field) => new ColumnBuilder(field.type));
  }

  insert(batch: Batch, row: number): void {
    this.#reserve(1);
    this.#new(batch, row);
  }

  /** `old` are canonical bytes. */
  update(old: Uint8Array, time: Time, batch: Batch, row: number): void {
    this.#reserve(2);
    this.#old(old, time);
    this.#new(batch, row);
  }

  /** `old` are canonical bytes. */
  delete(old: Uint8Array, time: Time): void {
    this.#reserve(1);
    this.#old(old, time);
  }

  /** All rows since the last call. */
  take(): Batch[] {
    this.#end();
    const batches = this.#batches;
    this.#batches = [];
    return batches;
  }

  #old(bytes: Uint8Array, time: Time): void {
    this.#codec.decode(bytes, this.#builders);
    this.#diffs[this.#length] = -1;
    this.#times[this.#length++] = time;
  }

  #new(batch: Batch, row: number): void {
    for (let i = 0; i < this.#builders.length; i++) {
      (this.#builders[i] as ColumnBuilder).copy(batch.columns[i] as Column, row);
    }
    this.#diffs[this.#length] = 1;
    this.#times[this.#length++] = batch.times[row] as number;
  }

  #reserve(rows: number): void {
    if (this.#length + rows > BATCH_ROWS_MAX) this.#end();
  }

  #end(): void {
    if (this.#length === 0) return;
    this.#batches.push({
      schema: this.#schema,
      length: this.#length,
      columns: this.#builders.map((builder) => builder.take()),
      change: "retract",
      diffs: this.#diffs.slice(0, this.#length),
      times: this.#times.slice(0, this.#length),
      clocks: BEGINNING,
    });
    this.#length = 0;
  }
}
