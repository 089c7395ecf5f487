/** What operators are measured with: the same rows as objects and as batches, turn after turn later in time. */
import { BATCH_ROWS_MAX, t, type Batch, type Shape } from "@df/core";

/** A row as a plain program has it; `at` in µs. */
export interface Row {
  readonly id: number;
  readonly key: number;
  readonly price: number;
  readonly at: number;
}

/** How late a row may be, µs. */
export const BOUND_MICROS = 1_000_000;
/** Batches of a turn. */
export const BATCHES = 40;
/** Rows of a turn. */
export const ROWS: number = BATCHES * BATCH_ROWS_MAX;
/** 10 000 rows a second. */
const ROW_MICROS = 100;
/** Event time that a turn takes, µs: the rows of the next one come later by so much. */
export const TURN_MICROS: number = ROWS * ROW_MICROS;
const START_MICROS = 1_700_000_000_000_000;
/** One row in ten has the id of an earlier one, so many rows before at most. */
const COPY_DISTANCE = 5000;

/** The columns. */
export const SCHEMA = t.row({ id: t.int(), key: t.int(), price: t.int(), at: t.timestamp() }).schema;
/** New rows with event time. */
export const INPUT: Shape = { schema: SCHEMA, change: "append", key: [], timed: true };

/** How the keys of rows are spread: row number and a random number give the key. */
export type KeyOf = (i: number, random: number) => number;

/** The rows of a turn, out of order by up to the bound. */
export function rowsWith(keyOf: KeyOf): readonly Row[] {
  return Array.from({ length: ROWS }, (_, i) => {
    const [first, second, third] = [mixed(i), mixed(i + ROWS), mixed(i + 2 * ROWS)];
    const isCopy = i % 10 === 9;
    return {
      id: isCopy ? Math.max(0, i - (first % COPY_DISTANCE)) : i,
      key: keyOf(i, second),
      price: third % 100_000,
      at: START_MICROS + i * ROW_MICROS - (third % BOUND_MICROS),
    };
  });
}

/** A number below 2^32 that looks random. */
function mixed(seed: number): number {
  let value = Math.imul(seed ^ (seed >>> 16), 0x21f0aaad);
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
  return (value ^ (value >>> 15)) >>> 0;
}

/** Rows as batches that can be given again, later. */
export interface Replay {
  readonly batches: readonly Batch[];
  /** Moves the event time and the clocks of all rows on by a turn. */
  readonly advance: () => void;
}

/** The batches of rows, with the clocks that a source gives them. */
export function replayOf(rows: readonly Row[]): Replay {
  let highest = -Infinity;
  const moving: Float64Array[] = [];
  const batches = Array.from({ length: BATCHES }, (_, batch): Batch => {
    const part = rows.slice(batch * BATCH_ROWS_MAX, (batch + 1) * BATCH_ROWS_MAX);
    const column = (of: (row: Row) => number): Float64Array => Float64Array.from(part, of);
    const times = column(({ at }) => at);
    const clocks = times.map((time) => {
      highest = Math.max(highest, time);
      return highest - BOUND_MICROS - 1;
    });
    moving.push(times, clocks);
    return {
      schema: SCHEMA,
      length: part.length,
      columns: [
        { layout: "long", values: column(({ id }) => id) },
        { layout: "long", values: column(({ key }) => key) },
        { layout: "long", values: column(({ price }) => price) },
        { layout: "double", values: times },
      ],
      change: "append",
      times,
      clocks,
    };
  });
  return {
    batches,
    advance: () => {
      for (const times of moving)
        for (let i = 0; i < times.length; i++) times[i] = (times[i] as number) + TURN_MICROS;
    },
  };
}
