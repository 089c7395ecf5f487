import {
  BATCH_ROWS_MAX,
  columnIndex,
  pick,
  present,
  type Batch,
  type Column,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type StateTable,
} from "@df/core";
import { Cursor } from "../outputs/cursor.ts";
import { IdList } from "../outputs/id-list.ts";
import type { Emission } from "../outputs/pending.ts";
import { compareRows, compareToHeld } from "./compare.ts";
import {
  headWord,
  heldColumns,
  valueColumns,
  writeColumn,
  type HeldColumn,
  type Places,
} from "./held-columns.ts";
import type { LatestOptions } from "./latest.ts";
import { rankHeld, rankRows } from "./ranks.ts";
import { Results } from "./results.ts";

/** Bit of a row's mark: the group is on the list of those to show. See held-columns.ts. */
const TOUCHED = 1;

/** Opens the work of `latest()`: a table with the latest row of each group. */
export function openLatest(options: LatestOptions, context: OperatorContext): Operator {
  return new Latest(options, context);
}

class Latest implements Operator {
  readonly #context: OperatorContext;
  readonly #table: StateTable;
  readonly #groupColumns: readonly number[];
  /** In the order in which they tell the latest row. */
  readonly #columns: readonly HeldColumn[];
  /** The first of them. */
  readonly #ranked: HeldColumn;
  /** Words from a row's start to its mark. */
  readonly #head: number;
  readonly #results: Results;
  /** Groups to show at the next flush, each once. Empty at every barrier, so it is no part of the state. */
  readonly #touched: IdList = new IdList();
  readonly #cursor: Cursor = new Cursor();

  readonly #rows: Int32Array = Int32Array.from({ length: BATCH_ROWS_MAX }, (_, row) => row);
  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ranks: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  readonly #heldRanks: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  readonly #winners: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #winnerOffsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  constructor(options: LatestOptions, context: OperatorContext) {
    const { schema } = present(context.inputs[0], "the input of latest()");
    this.#context = context;
    this.#table = context.state.table("latest", {
      key: pick(schema, options.group),
      value: valueColumns(options, schema),
    });
    this.#groupColumns = options.group.map((name) => columnIndex(schema, name));
    this.#columns = heldColumns(options, schema, this.#table);
    this.#ranked = present(this.#columns[0], "the first column of latest()");
    this.#head = headWord(this.#table);
    this.#results = new Results(
      this.#table,
      present(context.outputs[0], "the output of latest()"),
      this.#columns,
    );
  }

  onBatch(batch: Batch): Progress {
    const { length } = batch;
    const table = this.#table;
    const keys = { batch, columns: this.#groupColumns, rows: this.#rows, count: length };
    const made = table.insert(keys, 0, this.#ids, this.#fresh);
    table.offsets(this.#ids, length, this.#offsets);
    this.#enterFresh(made);
    this.#decide(batch);
    this.#write(batch, this.#choose(length));
    this.#context.count("folded", length);
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

  /** The first row of a new group stands for it, until the batch has a later one. */
  #enterFresh(made: number): void {
    const { ints } = this.#table;
    for (let i = 0; i < made; i++) {
      const row = this.#fresh[i] as number;
      ints[((this.#offsets[row] as number) + this.#head) * 2] = (row + 1) << 1;
    }
  }

  /** Leaves in each group's mark the row of the batch that is later than all others and than the row it holds. */
  #decide(batch: Batch): void {
    const { length } = batch;
    const { ints } = this.#table;
    const ranks = this.#ranks;
    const heldRanks = this.#heldRanks;
    rankRows(batch.columns[this.#ranked.index] as Column, length, ranks);
    rankHeld(this.#table, this.#ranked, { offsets: this.#offsets, count: length }, heldRanks);
    for (let row = 0; row < length; row++) {
      const offset = this.#offsets[row] as number;
      const at = (offset + this.#head) * 2;
      const rival = ((ints[at] as number) >> 1) - 1;
      if (rival === row) continue;
      const rank = ranks[row] as number;
      const other = rival < 0 ? (heldRanks[row] as number) : (ranks[rival] as number);
      if (rank < other || (rank === other && !this.#isLater(batch, row, rival, offset))) continue;
      ints[at] = ((ints[at] as number) & TOUCHED) | ((row + 1) << 1);
    }
  }

  /** Whether a row is later than the rival of the batch or, if that is −1, than the row its group holds. */
  #isLater(batch: Batch, row: number, rival: number, offset: number): boolean {
    const order =
      rival < 0
        ? compareToHeld(this.#columns, this.#table, { batch, row }, offset)
        : compareRows(this.#columns, batch, row, rival);
    return order > 0;
  }

  /** Collects the rows that marks name, and puts their groups on the list. */
  #choose(length: number): Places {
    const { ints } = this.#table;
    let count = 0;
    for (let row = 0; row < length; row++) {
      const offset = this.#offsets[row] as number;
      const at = (offset + this.#head) * 2;
      const mark = ints[at] as number;
      if (mark >> 1 !== row + 1) continue;
      if ((mark & TOUCHED) === 0) this.#touched.push(this.#ids[row] as number);
      ints[at] = TOUCHED;
      this.#winners[count] = row;
      this.#winnerOffsets[count++] = offset;
    }
    return { rows: this.#winners, offsets: this.#winnerOffsets, count };
  }

  #write(batch: Batch, places: Places): void {
    for (const held of this.#columns) {
      writeColumn(this.#table, held, batch.columns[held.index] as Column, places);
    }
  }

  *#changes(): Generator<Emission, void> {
    const ids = this.#touched.take();
    for (let from = 0; from < ids.length; from += BATCH_ROWS_MAX) {
      yield { batch: this.#take(ids.subarray(from, from + BATCH_ROWS_MAX)), port: 0 };
    }
  }

  /** The rows of groups as they are now; the groups are off the list. */
  #take(ids: Int32Array): Batch {
    const table = this.#table;
    const count = ids.length;
    table.offsets(ids, count, this.#offsets);
    const { ints } = table;
    for (let i = 0; i < count; i++) ints[((this.#offsets[i] as number) + this.#head) * 2] = 0;
    return this.#results.batch(ids, this.#offsets, count);
  }
}
