import {
  BATCH_ROWS_MAX,
  pick,
  present,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type Time,
} from "@df/core";
import { Conditions } from "../aggregates/where/conditions.ts";
import { Cursor } from "../outputs/cursor.ts";
import { LateSplit } from "../outputs/late-split.ts";
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
  /**
   * Whatever sessions there are: the window rule, which asks when a session ends, would let rows through that belong to
   * one that is gone.
   */
  readonly #split: LateSplit;

  constructor(options: SessionOptions, context: OperatorContext) {
    const { by, gapMicros, aggregates, allowedLatenessMicros } = options;
    const output = present(context.outputs[0], "the result");
    this.#options = options;
    this.#context = context;
    this.#clock = context.clock;
    this.#split = new LateSplit(allowedLatenessMicros);
    const specs = aggregates.map(({ spec }) => spec);
    this.#conditions = new Conditions(specs, context);
    this.#sessions = new Sessions(options, context, this.#conditions);
    const { table, folding } = this.#sessions;
    this.#order = new Order(table, pick(output.schema, by));
    this.#results = new Results(table, output, { gapMicros, open: folding.open });
  }

  onBatch(given: Batch, _port: number, out: Output): Progress {
    const batch = this.#conditions.ask(given, this.#context);
    if (batch === undefined) return "done";
    const split = this.#split;
    split.part(batch);
    if (split.count > 0) {
      this.#sessions.fold(batch, split.rows.subarray(0, split.count), this.#clock);
      this.#context.count("folded", split.count);
    }
    if (split.lateCount === 0) return "done";
    const late = lateRows(this.#context, LATE_PORT, batch, split);
    return this.#cursor.begin([{ batch: late, port: LATE_PORT }].values(), out);
  }

  onClock(clock: Time, out: Output): Progress {
    return this.#cursor.begin(this.#advance(clock), out);
  }

  /**
   * What is in state ends after the clock less the lateness, so its results are not before that; those of rows that are
   * still to come are later by the gap.
   */
  clockOut(clock: Time): Time {
    const holds = this.#sessions.size > 0 ? 1 : 0;
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

  nextDue(): Time | undefined {
    return this.#sessions.nextEnd(this.#clock);
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

  *#once(ids: Int32Array): Generator<Emission, void> {
    const sorted = this.#order.sorted(ids);
    for (let from = 0; from < sorted.length; from += BATCH_ROWS_MAX) {
      yield { batch: this.#results.batchOf(sorted.subarray(from, from + BATCH_ROWS_MAX)), port: 0 };
    }
  }
}
