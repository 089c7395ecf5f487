import type { Batch, Schema } from "@df/core";

/** Smallest and largest value of a column, without nulls and NaN: absent when there is none. */
export interface ColumnStatistics {
  readonly name: string;
  readonly nullCount: number;
  /**
   * In the column's stored form: bool as 0 or 1, int32 and date (days) as number, float64 as number, int64, decimal
   * (unscaled) and timestamp (µs) as bigint, string as string, compared as UTF-8 bytes. Absent for bytes and json.
   */
  readonly min?: number | bigint | string;
  readonly max?: number | bigint | string;
}

/** An encoded file, with what its footer says of its columns. */
export interface ParquetFile {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** One per column, in the order of the schema. */
  readonly statistics: readonly ColumnStatistics[];
}

/** Encodes files on a thread of its own. */
export interface ParquetEncoder {
  /** One file with the columns of `schema` (a subset of the batches' columns, found by name), rows in order. */
  encode(schema: Schema, batches: readonly Batch[]): Promise<ParquetFile>;
  close(): Promise<void>;
}
