/** Logs of inputs: what a test writes down as plain rows, with the event times and clocks a source would give them. */
import {
  BEGINNING,
  columnIndex,
  DataflowError,
  type Batch,
  type ChangeMode,
  type Schema,
  type Shape,
  type Time,
} from "@df/core";
import { batchOf } from "@df/core/batch/rows";

/** An input of the operator under test. */
export interface TestInput {
  readonly schema: Schema;
  /** Default "append". */
  readonly change?: ChangeMode | undefined;
  /** Default none. */
  readonly key?: readonly string[] | undefined;
  /** The timestamp column that is the event time; without it the stream has none. */
  readonly time?: string | undefined;
  /** `maxOutOfOrderness` in µs. Default 0. */
  readonly boundMicros?: number | undefined;
  /** Rows as an operator makes them: clock −∞, and the operator's clock stays below the time of all later rows. */
  readonly made?: boolean | undefined;
}

export type PlainRow = Readonly<Record<string, unknown>>;

/** A row as it stands in a log. An upsert delete (diff −1) needs its key columns only. */
export interface LogRow {
  readonly row: PlainRow;
  /** Default 1. */
  readonly diff?: number | undefined;
}

/** The log of one input: its splits, each in its own order. */
export type InputLog = readonly (readonly LogRow[])[];

/** A row with all that the source knows of it. */
export interface Entry {
  readonly row: PlainRow;
  readonly diff: number;
  /** µs; −∞ without event time. */
  readonly time: Time;
  /** Clock of the row; −∞ where the input is `made`. */
  readonly clock: Time;
  readonly port: number;
  readonly split: number;
  /** Place in its split, from 0. */
  readonly position: number;
}

/** One input, encoded once: any batch of a schedule is gathered from it. */
export interface EncodedLog {
  readonly entries: readonly Entry[];
  /** All rows, split after split; undefined when there are none. */
  readonly batch: Batch | undefined;
  /** Row numbers of each split, in log order. */
  readonly splits: readonly (readonly number[])[];
  /** Clock of the row's split once the row has been read, by row. */
  readonly splitClocks: Float64Array;
  /** Highest value the operator's clock may have while the row is still to come, by row. */
  readonly limits: Float64Array;
}

/** The shape of a test's input. */
export function shapeOf(input: TestInput): Shape {
  return {
    schema: input.schema,
    change: input.change ?? "append",
    key: input.key ?? [],
    timed: input.time !== undefined,
  };
}

/**
 * A batch of plain rows with their event times; clocks are −∞ until a source sets them. Rows of an upsert delete keep
 * their key columns only.
 */
export function encodeRows(input: TestInput, rows: readonly LogRow[]): Batch {
  const shape = shapeOf(input);
  const lenient: Schema = {
    fields: input.schema.fields.map((field) => ({ ...field, nullable: true, optional: true })),
  };
  const plain = rows.map(({ row, diff }) => {
    if (shape.change !== "upsert" || (diff ?? 1) > 0) return row;
    return Object.fromEntries(shape.key.map((name) => [name, row[name]]));
  });
  const batch = batchOf(lenient, plain);
  return {
    schema: input.schema,
    length: rows.length,
    columns: batch.columns,
    change: shape.change,
    diffs: shape.change === "append" ? undefined : Int32Array.from(rows, ({ diff }) => diff ?? 1),
    times: timesOf(input, rows, batch),
    clocks: BEGINNING,
  };
}

/** An upsert delete has no event time of its own unless its row names one: it takes that of the row before it. */
function timesOf(input: TestInput, rows: readonly LogRow[], batch: Batch): Float64Array {
  const times = new Float64Array(rows.length).fill(BEGINNING);
  if (input.time === undefined) return times;
  const full = batchOf(
    {
      fields: [{ name: input.time, type: { kind: "timestamp", json: "ms" }, nullable: true, optional: true }],
    },
    rows.map(({ row }) => ({ [input.time as string]: row[input.time as string] })),
  );
  const column = full.columns[0];
  if (
    batch.columns[columnIndex(input.schema, input.time)]?.layout !== "double" ||
    column?.layout !== "double"
  ) {
    throw new DataflowError(
      "DF_TEST",
      `The time column "${input.time}" of a test input must be a timestamp.`,
    );
  }
  for (let row = 0; row < rows.length; row++) {
    const isNull = column.validity !== undefined && column.validity[row] === 0;
    times[row] = isNull ? (times[row - 1] ?? 0) : (column.values[row] as number);
  }
  return times;
}

/** Encodes the log of input `port`; at most `BATCH_ROWS_MAX` rows in all. */
export function encodeLog(input: TestInput, log: InputLog, port: number): EncodedLog {
  const rows = log.flat();
  const made = input.made ?? false;
  const batch = rows.length === 0 ? undefined : encodeRows(input, rows);
  const times = batch?.times ?? new Float64Array(0);
  const splitClocks = new Float64Array(rows.length);
  const splits: number[][] = [];
  const entries: Entry[] = [];
  for (const [split, splitRows] of log.entries()) {
    const numbers = splitRows.map((_, position) => entries.length + position);
    splits.push(numbers);
    if (made) madeClocks(times, numbers, splitClocks);
    else sourceClocks(times, numbers, splitClocks, input.boundMicros ?? 0);
    for (const [position, { row, diff }] of splitRows.entries()) {
      const index = numbers[position] as number;
      const clock = made ? BEGINNING : (splitClocks[index] as number);
      entries.push({ row, diff: diff ?? 1, time: times[index] as number, clock, port, split, position });
    }
  }
  const limits = made ? times.map((time) => time - 1) : splitClocks;
  const clocks = made ? BEGINNING : splitClocks;
  return { entries, batch: batch && { ...batch, clocks }, splits, splitClocks, limits };
}

/** Running maximum including the row, minus the bound, minus 1 µs. */
function sourceClocks(
  times: Float64Array,
  rows: readonly number[],
  clocks: Float64Array,
  boundMicros: number,
): void {
  let highest = BEGINNING;
  for (const row of rows) {
    highest = Math.max(highest, times[row] as number);
    clocks[row] = highest - boundMicros - 1;
  }
}

/** An operator's clock stays below all it may still emit: the lowest later time, minus 1 µs. */
function madeClocks(times: Float64Array, rows: readonly number[], clocks: Float64Array): void {
  let lowest = Math.max(...rows.map((row) => times[row] as number)) + 1;
  for (const row of rows.toReversed()) {
    clocks[row] = lowest - 1;
    lowest = Math.min(lowest, times[row] as number);
  }
}
