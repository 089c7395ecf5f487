import {
  assert,
  gatherRows,
  isNull,
  present,
  type Batch,
  type Column,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type StateTable,
  type Time,
} from "@df/core";
import { bringByName } from "@df/core/state/bring";
import { rewrittenRows, rowsColumn } from "../kept-rows/rows-column.ts";
import { listRewriter } from "../kept-rows/rows-list.ts";
import { Cursor } from "../outputs/cursor.ts";
import { lateRows } from "../outputs/late.ts";
import type { Emission } from "../outputs/pending.ts";
import { Assignment } from "../windowing/assignment.ts";
import { gridOf } from "../windowing/windowing.ts";
import { HEAD_BYTES, HeldRows, heldSchema } from "./held-rows.ts";
import { layoutOf, type JoinLayout, type SideLayout } from "./layout.ts";
import type { JoinWindowOptions } from "./options.ts";
import { WindowPairs } from "./window-pairs.ts";

/**
 * Opens the join of one shard: a table with a part per window, and in it a row per key with the lists of the key's left
 * and right rows. A window's pairs are given when no row can change them any more; then its part is dropped.
 */
export function openJoinWindow(options: JoinWindowOptions, context: OperatorContext): Operator {
  return new JoinWindowOperator(options, context);
}

class JoinWindowOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #sizeMicros: number;
  readonly #everyMicros: number;
  readonly #latenessMicros: number;
  readonly #layout: JoinLayout;
  readonly #table: StateTable;
  readonly #assignment: Assignment;
  readonly #held: readonly [HeldRows, HeldRows];
  readonly #pairs: WindowPairs;
  /** The start of the first window that has rows; +∞ for none. */
  #first: number;
  #clock: Time;
  readonly #cursor: Cursor = new Cursor();

  constructor(options: JoinWindowOptions, context: OperatorContext) {
    const { window: windowing, allowedLatenessMicros } = options;
    this.#context = context;
    this.#clock = context.clock;
    this.#sizeMicros = windowing.sizeMicros;
    this.#latenessMicros = allowedLatenessMicros;
    // Rows are kept in each of their windows, so there are no panes.
    const grid = gridOf(windowing, false);
    this.#everyMicros = grid.everyMicros;
    this.#assignment = new Assignment(grid, allowedLatenessMicros);
    this.#layout = layoutOf(options, context.inputs);
    const { key, sides } = this.#layout;
    const [left, right] = [
      rowsColumn("left", heldSchema(sides[0])),
      rowsColumn("right", heldSchema(sides[1])),
    ];
    const bring = bringByName({
      rewrittenOf: (stored) => [
        ...rewrittenRows(stored, "left", heldSchema(sides[0]), { value: listRewriter(HEAD_BYTES) }),
        ...rewrittenRows(stored, "right", heldSchema(sides[1]), { value: listRewriter(HEAD_BYTES) }),
      ],
    });
    this.#table = context.state.table("rows", { key, value: [left, right], panes: true, bring });
    this.#held = [
      new HeldRows(this.#table, left.name, sides[0]),
      new HeldRows(this.#table, right.name, sides[1]),
    ];
    const { schema } = present(context.outputs[0], "the result");
    this.#pairs = new WindowPairs(this.#table, [left.name, right.name], this.#layout, schema);
    this.#first = this.#firstWindow();
  }

  onBatch(given: Batch, port: number, out: Output): Progress {
    const side = present(this.#layout.sides[port], "the side of an input");
    const rows = side.keepsAlone ? given : this.#withoutNulls(given, side);
    if (rows === undefined) return "done";
    const assignment = this.#assignment;
    assignment.assign(rows, this.#clock);
    const { lateCount, partialCount } = assignment;
    this.#hold(rows, present(this.#held[port], "the rows of an input"));
    this.#context.count("folded", rows.length - lateCount);
    if (partialCount > 0) this.#context.countLatePartial(partialCount);
    if (lateCount === 0) return "done";
    const latePort = port + 1;
    const late = lateRows(this.#context, latePort, rows, assignment);
    return this.#cursor.begin([{ batch: late, port: latePort }].values(), out);
  }

  onClock(clock: Time, out: Output): Progress {
    this.#clock = clock;
    return this.#isOver(this.#first) ? this.#cursor.begin(this.#close(), out) : "done";
  }

  clockOut(clock: Time): Time {
    return clock - this.#latenessMicros;
  }

  resume(out: Output): Progress {
    return this.#cursor.resume(out);
  }

  /** Windows that have rows. */
  gauges(): Readonly<Record<string, number>> {
    return { windows: this.#table.panes().length };
  }

  nextDue(): Time | undefined {
    return Number.isFinite(this.#first)
      ? this.#first + this.#sizeMicros - 1 + this.#latenessMicros
      : undefined;
  }

  /** Rows without a null in a compared column: others find no partner, and this side shows none without. */
  #withoutNulls(batch: Batch, { keyColumns }: SideLayout): Batch | undefined {
    const columns = keyColumns.map((index) => batch.columns[index] as Column);
    if (columns.every(({ validity }) => validity === undefined)) return batch;
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      if (!columns.some((column) => isNull(column, row))) rows[count++] = row;
    }
    this.#context.count("filtered", batch.length - count);
    return count === 0 ? undefined : gatherRows(batch, rows, count);
  }

  /** Puts the rows that were assigned into their windows. */
  #hold(batch: Batch, held: HeldRows): void {
    held.begin();
    for (const { first, last, rows, count } of this.#assignment.groups) {
      const some = rows.subarray(0, count);
      held.encode(batch, some);
      for (let start = last; start >= first; start -= this.#everyMicros) {
        assert(!this.#isOver(start), "a row came for a window that its clock said was over");
        held.add(batch, some, start);
        this.#first = Math.min(this.#first, start);
      }
    }
  }

  /** Whether no row can come any more for the window that begins at `start`. */
  #isOver(start: number): boolean {
    return start + this.#sizeMicros - 1 + this.#latenessMicros <= this.#clock;
  }

  /** Gives and drops the windows that are over, in order of time. */
  *#close(): Generator<Emission, void> {
    for (const start of this.#table.panes()) {
      if (!this.#isOver(start)) break;
      for (const batch of this.#pairs.of(start, start + this.#sizeMicros)) yield { batch, port: 0 };
      this.#table.drop(start);
    }
    this.#first = this.#firstWindow();
  }

  #firstWindow(): number {
    return this.#table.panes()[0] ?? Number.POSITIVE_INFINITY;
  }
}
