/**
 * Both sides of an operator's benchmark. Ours is driven as a runner drives it, without the checks of the test kit; the
 * plain one is a loop over objects. State stays from turn to turn, as in a run that has been going on for long.
 */
import {
  BATCH_ROWS_MAX,
  BEGINNING,
  type Operator,
  type OperatorSpec,
  type Output,
  type Shape,
} from "@df/core";
import { MemoryStateStore } from "@df/core/state/store";
import type { Done } from "../benchmark.ts";
import { BOUND_MICROS, INPUT, replayOf, ROWS, TURN_MICROS, type Row } from "./rows.ts";

/** Batches from one flush to the next. */
const FLUSH_BATCHES = 10;

/** What a plain program does. */
export interface Plain {
  /** Takes a row with its event time and clock. */
  row(row: Row, at: number, clock: number): void;
  /** Takes the clock, once per batch. */
  clock?(clock: number): void;
  /** Gives what has changed, each so many batches. */
  flush?(): void;
}

/** Makes a plain program, which pushes its results. */
export type MakePlain = (results: object[]) => Plain;

/** The turns of a plain program. */
export function plainWork(rows: readonly Row[], make: MakePlain): () => Done {
  const results: object[] = [];
  const plain = make(results);
  let highest = -Infinity;
  let shift = 0;
  return () => {
    results.length = 0;
    for (let from = 0, batch = 1; from < ROWS; from += BATCH_ROWS_MAX, batch++) {
      for (let i = from; i < from + BATCH_ROWS_MAX; i++) {
        const row = rows[i] as Row;
        const at = row.at + shift;
        if (at > highest) highest = at;
        plain.row(row, at, highest - BOUND_MICROS - 1);
      }
      plain.clock?.(highest - BOUND_MICROS - 1);
      if (batch % FLUSH_BATCHES === 0) plain.flush?.();
    }
    shift += TURN_MICROS;
    return { units: ROWS, made: results.length };
  };
}

/** An operator with state of its own that refuses no row. */
export function opened(spec: OperatorSpec, nodeId: string, input: Shape): Operator {
  return spec.open({
    nodeId,
    shard: 0,
    inputs: [input],
    outputs: spec.outputs([input]),
    state: new MemoryStateStore({ seed: 1 }),
    clock: BEGINNING,
    generate: true,
    count: () => {},
    countLatePartial: () => {},
    reject: (_batch, _row, reason) => {
      throw new Error(reason);
    },
  });
}

/** The turns of an operator. */
export function operatorWork(rows: readonly Row[], spec: OperatorSpec): () => Done {
  const { batches, advance } = replayOf(rows);
  const operator = opened(spec, "bench", INPUT);
  let made = 0;
  const out: Output = (batch, port = 0) => {
    if (port === 0) made += batch.length;
    return "ok";
  };
  return () => {
    made = 0;
    for (const [i, batch] of batches.entries()) {
      operator.onBatch(batch, 0, out);
      operator.onClock?.((batch.clocks as Float64Array)[batch.length - 1] as number, out);
      if ((i + 1) % FLUSH_BATCHES === 0) operator.flush?.(out);
    }
    advance();
    return { units: ROWS, made };
  };
}

/** So many turns as one, for work that is over too soon to be measured. */
export function repeated(work: () => Done, laps: number): () => Done {
  return () => {
    let [units, made] = [0, 0];
    for (let lap = 0; lap < laps; lap++) {
      const done = work();
      units += done.units;
      made += done.made ?? 0;
    }
    return { units, made };
  };
}
