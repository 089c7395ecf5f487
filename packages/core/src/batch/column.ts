/**
 * How values lie in memory. A layout holds several types: `int` int32 and date, `long` int64 and decimal (unscaled),
 * `double` float64 and timestamp (µs), `text` string, bytes and json.
 */
export type Layout = Column["layout"];

/** Not null where 1; absent when no value is null. At least `length` entries, one a row. */
export type Validity = Uint8Array;

/**
 * One column of a batch. Arrays have at least `length` entries and are not written again once the batch is handed on.
 * Where a value is null its slot holds 0, or empty text.
 */
export type Column = BoolColumn | IntColumn | LongColumn | DoubleColumn | TextColumn;

/** 0 or 1 a row. */
export interface BoolColumn {
  readonly layout: "bool";
  readonly values: Uint8Array;
  readonly validity?: Validity | undefined;
}
/** int32, and dates as days since 1970. */
export interface IntColumn {
  readonly layout: "int";
  readonly values: Int32Array;
  readonly validity?: Validity | undefined;
}
/** A `Float64Array` exactly if every value of the column is a safe integer (|v| < 2^53), else a `BigInt64Array`. */
export interface LongColumn {
  readonly layout: "long";
  readonly values: Float64Array | BigInt64Array;
  readonly validity?: Validity | undefined;
}
/** float64, and timestamps as µs since 1970. */
export interface DoubleColumn {
  readonly layout: "double";
  readonly values: Float64Array;
  readonly validity?: Validity | undefined;
}
/**
 * Row i is `bytes[starts[i] .. ends[i])`, UTF-8. Slices may overlap, repeat and lie in any order: a decoder points into
 * the source's bytes, a dictionary is repeated slices. Nobody may keep `bytes` beyond the batch: copy what you keep.
 */
export interface TextColumn {
  readonly layout: "text";
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: Uint8Array;
  readonly validity?: Validity | undefined;
}

/** Whether row `row` of the column is null. */
export function isNull(column: Column, row: number): boolean {
  return column.validity !== undefined && column.validity[row] === 0;
}
