import {
  BATCH_ROWS_MAX,
  clockAt,
  pick,
  present,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type RowId,
  type Time,
} from "@df/core";
import { Conditions } from "../aggregates/where/conditions.ts";
import { Cursor } from "../outputs/cursor.ts";
import { lateRows } from "../outputs/late.ts";
import type { Emission } from "../outputs/pending.ts";
import type { SessionOptions } from "./options.ts";
import { Order } from "./order.ts";
import { Results } from "./results.ts";
import { Sessions } from "./sessions.ts";

const LATE_PORT = 1;

/** Opens the sessions of one shard. */
export function openSession(options: SessionOptions, context: OperatorContext): Operator {
  return new SessionOperator(options, context);
}

class SessionOperator implements Operator {
  readonly #options: SessionOptions;
  readonly #context: OperatorContext;
  readonly #conditions: Conditions;
  readonly #sessions: Sessions;
  readonly #order: Order;
  readonly #results: Results;
  readonly #cursor: Cursor = new Cursor();
  #clock: Time;
  /** Rows of a batch that are in time, and those that are late. */
  readonly #rows: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #late: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  constructor(options: SessionOptions, context: OperatorContext) {
    const { by, gapMicros, aggregates } = options;
    const output = present(context.outputs[0], "the result");
    this.#options = options;
    this.#context = context;
    this.#clock = context.clock;
    const specs = aggregates.map(({ spec }) => spec);
    this.#conditions = new Conditions(specs, context);
    this.#sessions = new Sessions(options, context, this.#conditions);
    const { table, folding } = this.#sessions;
    this.#order = new Order(table, pick(output.schema, by));
    this.#results = new Results(table, output, { gapMicros, open: folding.open });
  }

  onBatch(given: Batch, _port: number, out: Output): Progress {
    const batch = this.#conditions.ask(given);
    if (batch === undefined) return "done";
    const count = this.#inTime(batch);
    const late = batch.length - count;
    if (count > 0) {
      this.#sessions.fold(batch, this.#rows.subarray(0, count), this.#clock);
      this.#context.count("folded", count);
    }
    if (late === 0) return "done";
    this.#context.count("late", late);
    const { schema } = present(this.#context.outputs[LATE_PORT], "the output of late rows");
    const emission = { batch: lateRows(batch, this.#late, late, schema), port: LATE_PORT };
    return this.#cursor.begin([emission].values(), out);
  }

  onClock(clock: Time, out: Output): Progress {
    return this.#cursor.begin(this.#advance(clock), out);
  }

  /**
   * What is in state ends after the clock less the lateness, so its results are not before that; those of rows that are
   * still to come are later by the gap.
   */
  clockOut(clock: Time): Time {
    const holds = this.#sessions.table.size > 0 ? 1 : 0;
    return clock - this.#options.allowedLatenessMicros - holds;
  }

  flush(out: Output): Progress {
    const { corrections } = this.#sessions;
    return corrections === undefined ? "done" : this.#cursor.begin(corrections.changes(this.#clock), out);
  }

  resume(out: Output): Progress {
    return this.#cursor.resume(out);
  }

  gauges(): Readonly<Record<string, number>> {
    return { sessions: this.#sessions.openAt(this.#clock) };
  }

  /**
   * Parts the rows of a batch by their own clocks, whatever sessions there are: the window rule, which asks when a
   * session ends, would let rows through that belong to one that is gone.
   */
  #inTime(batch: Batch): number {
    const { allowedLatenessMicros } = this.#options;
    let count = 0;
    let late = 0;
    for (let row = 0; row < batch.length; row++) {
      const isLate = (batch.times[row] as number) + allowedLatenessMicros <= clockAt(batch, row);
      if (isLate) this.#late[late++] = row;
      else this.#rows[count++] = row;
    }
    return count;
  }

  /** Moves the clock on: gives what is over, and drops what no row can change any more. */
  *#advance(clock: Time): Generator<Emission, void> {
    const { corrections } = this.#sessions;
    const { over, gone } = this.#sessions.passed(clock);
    this.#clock = clock;
    if (corrections === undefined) yield* this.#once(over);
    else {
      const isFinal = this.#options.emit === "final";
      if (isFinal) corrections.over(over);
      // With "onUpdate" changes wait for the flush, but for those that would then be behind the clock.
      if (isFinal || corrections.isUrgent(clock)) yield* corrections.changes(clock);
    }
    this.#sessions.drop(gone);
  }

  *#once(ids: readonly RowId[]): Generator<Emission, void> {
    const sorted = this.#order.sorted(ids);
    for (let from = 0; from < sorted.length; from += BATCH_ROWS_MAX) {
      yield { batch: this.#results.batchOf(sorted.slice(from, from + BATCH_ROWS_MAX)), port: 0 };
    }
  }
}
