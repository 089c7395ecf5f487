import {
  BATCH_ROWS_MAX,
  columnIndex,
  pick,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type StateTable,
} from "@df/core";
import { ALL_ROWS } from "@df/core/batch/all-rows";
import { bringGroups } from "../aggregates/bring-groups.ts";
import { FLAGS, Folding, groupState, ROWS, TOUCHED } from "../aggregates/folding.ts";
import { Conditions } from "../aggregates/where/conditions.ts";
import { Cursor } from "../outputs/cursor.ts";
import { IdList } from "../outputs/id-list.ts";
import type { Emission } from "../outputs/pending.ts";
import { Results } from "../outputs/results.ts";
import { only } from "../stateless/stateless.ts";
import type { GroupOptions } from "./group.ts";

/** Opens the groups of one shard: a table with a row per group. */
export function openGroup(options: GroupOptions, context: OperatorContext): Operator {
  return new GroupOperator(options, context);
}

class GroupOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #table: StateTable;
  readonly #groupColumns: readonly number[];
  readonly #conditions: Conditions;
  readonly #folding: Folding;
  readonly #results: Results;
  readonly #cursor: Cursor = new Cursor();
  /** Groups that changed since the last flush, each once. Empty at every barrier, so it is no part of the state. */
  readonly #touched: IdList = new IdList();
  /** Whether rows can be taken back, so that groups can end. */
  readonly #isChanging: boolean;

  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #rowsWord: number;
  readonly #flagsWord: number;

  constructor({ by, aggregates }: GroupOptions, context: OperatorContext) {
    const { schema, change } = only(context.inputs);
    this.#context = context;
    this.#isChanging = change === "retract";
    const key = pick(schema, by);
    this.#table = context.state.table("groups", {
      key,
      value: groupState(aggregates, schema),
      bring: bringGroups(context, key),
    });
    this.#groupColumns = by.map((name) => columnIndex(schema, name));
    const specs = aggregates.map(({ spec }) => spec);
    this.#conditions = new Conditions(specs, context);
    this.#folding = new Folding(aggregates, schema, { table: this.#table, conditions: this.#conditions });
    this.#results = new Results(this.#table, only(context.outputs), {
      groupColumns: by.length,
      open: this.#folding.open,
    });
    this.#rowsWord = this.#table.offset(ROWS);
    this.#flagsWord = this.#table.offset(FLAGS);
    if (context.migration !== undefined) this.#touchAll();
  }

  onBatch(given: Batch): Progress {
    const batch = this.#conditions.ask(given, this.#context);
    if (batch === undefined) return "done";
    const { length: count } = batch;
    const rows = ALL_ROWS.subarray(0, count);
    this.#table.insert({ batch, columns: this.#groupColumns, rows, count }, 0, this.#ids, this.#fresh);
    this.#table.offsets(this.#ids, count, this.#offsets);
    this.#folding.fold(batch, rows, this.#offsets);
    this.#touch(count);
    this.#context.count("folded", count);
    return "done";
  }

  flush(out: Output): Progress {
    return this.#cursor.begin(this.#changes(), out);
  }

  resume(out: Output): Progress {
    return this.#cursor.resume(out);
  }

  gauges(): Readonly<Record<string, number>> {
    return { groups: this.#table.size };
  }

  /** All groups come again, as others than they were shown as. */
  #touchAll(): void {
    const all = new Int32Array(this.#table.sizeOf(0));
    this.#table.list(0, 0, all);
    for (let from = 0; from < all.length; from += BATCH_ROWS_MAX) {
      const ids = all.subarray(from, from + BATCH_ROWS_MAX);
      this.#ids.set(ids);
      this.#table.touch(ids, ids.length);
      this.#table.offsets(ids, ids.length, this.#offsets);
      this.#touch(ids.length);
    }
  }

  /** Puts the groups of the last `count` offsets on the list, unless they are on it. */
  #touch(count: number): void {
    const { words } = this.#table;
    for (let i = 0; i < count; i++) {
      const at = (this.#offsets[i] as number) + this.#flagsWord;
      const flags = words[at] as number;
      if ((flags & TOUCHED) !== 0) continue;
      words[at] = flags | TOUCHED;
      this.#touched.push(this.#ids[i] as number);
    }
  }

  *#changes(): Generator<Emission, void> {
    const ids = this.#touched.take();
    for (let from = 0; from < ids.length;) {
      const count = Math.min(this.#results.room, ids.length - from);
      const some = ids.subarray(from, from + count);
      this.#results.append(some, count);
      if (this.#isChanging) this.#removeEmpty(some);
      from += count;
      if (this.#results.room === 0) yield* this.#rest();
    }
    yield* this.#rest();
  }

  *#rest(): Generator<Emission, void> {
    const batch = this.#results.take();
    if (batch !== undefined) yield { batch, port: 0 };
  }

  /**
   * Frees groups whose rows were all taken back. A row is given before it is taken back, so nothing of such a group is
   * left in its aggregates either.
   */
  #removeEmpty(ids: Int32Array): void {
    this.#table.offsets(ids, ids.length, this.#offsets);
    const { words } = this.#table;
    let count = 0;
    for (let i = 0; i < ids.length; i++) {
      if (words[(this.#offsets[i] as number) + this.#rowsWord] === 0) this.#ids[count++] = ids[i] as number;
    }
    this.#table.remove(this.#ids, count);
  }
}
