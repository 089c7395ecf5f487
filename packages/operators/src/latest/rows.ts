import {
  BATCH_ROWS_MAX,
  columnIndex,
  present,
  type Batch,
  type Column,
  type Schema,
  type StateTable,
} from "@df/core";
import { ALL_ROWS } from "@df/core/batch/all-rows";
import { IdList } from "../outputs/id-list.ts";
import { compareRows, compareToHeld } from "./compare.ts";
import { headWord, heldColumns, writeColumn, type HeldColumn, type Places } from "./held-columns.ts";
import type { LatestOptions } from "./latest.ts";
import { rankHeld, rankRows } from "./ranks.ts";

/** Bit of a row's mark: the group is on the list of those that changed. See held-columns.ts. */
const TOUCHED = 1;

/** The latest row of each group, in a table. */
export class LatestRows {
  readonly table: StateTable;
  /** In the order in which they tell the latest row. */
  readonly columns: readonly HeldColumn[];
  readonly #groupColumns: readonly number[];
  /** The first of the columns. */
  readonly #ranked: HeldColumn;
  /** Words from a row's start to its mark. */
  readonly #head: number;
  /** Groups that changed, each once. Empty at every barrier, so it is no part of the state. */
  readonly #touched: IdList = new IdList();

  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ranks: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  readonly #heldRanks: Float64Array = new Float64Array(BATCH_ROWS_MAX);
  readonly #winners: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #winnerOffsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  /** `schema`: that of the rows; the table has the columns of `valueColumns`. */
  constructor(options: LatestOptions, schema: Schema, table: StateTable) {
    this.table = table;
    this.#groupColumns = options.group.map((name) => columnIndex(schema, name));
    this.columns = heldColumns(options, schema, table);
    this.#ranked = present(this.columns[0], "the first column of latest()");
    this.#head = headWord(table);
  }

  /** Takes rows: those that are later than all others of their group are kept. */
  take(batch: Batch): void {
    const { length } = batch;
    const { table } = this;
    const keys = { batch, columns: this.#groupColumns, rows: ALL_ROWS, count: length };
    const made = table.insert(keys, 0, this.#ids, this.#fresh);
    table.offsets(this.#ids, length, this.#offsets);
    this.#enterFresh(made);
    this.#decide(batch);
    this.#write(batch, this.#choose(length));
  }

  /** The groups that changed since the last call, until the next one. */
  changed(): Int32Array {
    return this.#touched.take();
  }

  /** All groups count as changed. */
  changeAll(): void {
    const { table } = this;
    const all = new Int32Array(table.sizeOf(0));
    table.list(0, 0, all);
    for (let from = 0; from < all.length; from += BATCH_ROWS_MAX) {
      const ids = all.subarray(from, from + BATCH_ROWS_MAX);
      table.touch(ids, ids.length);
      table.offsets(ids, ids.length, this.#offsets);
      const { ints } = table;
      for (let i = 0; i < ids.length; i++) {
        ints[((this.#offsets[i] as number) + this.#head) * 2] = TOUCHED;
        this.#touched.push(ids[i] as number);
      }
    }
  }

  /** Finds rows by their ids, which are of a batch at most and off the list of those that changed from now on. */
  shown(ids: Int32Array, offsets: Int32Array): void {
    const count = ids.length;
    this.table.offsets(ids, count, offsets);
    const { ints } = this.table;
    for (let i = 0; i < count; i++) ints[((offsets[i] as number) + this.#head) * 2] = 0;
  }

  /** The first row of a new group stands for it, until the batch has a later one. */
  #enterFresh(made: number): void {
    const { ints } = this.table;
    for (let i = 0; i < made; i++) {
      const row = this.#fresh[i] as number;
      ints[((this.#offsets[row] as number) + this.#head) * 2] = (row + 1) << 1;
    }
  }

  /** Leaves in each group's mark the row of the batch that is later than all others and than the row it holds. */
  #decide(batch: Batch): void {
    const { length } = batch;
    const { ints } = this.table;
    const ranks = this.#ranks;
    const heldRanks = this.#heldRanks;
    rankRows(batch.columns[this.#ranked.index] as Column, length, ranks);
    rankHeld(this.table, this.#ranked, { offsets: this.#offsets, count: length }, heldRanks);
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
        ? compareToHeld(this.columns, this.table, { batch, row }, offset)
        : compareRows(this.columns, batch, row, rival);
    return order > 0;
  }

  /** Collects the rows that marks name, and puts their groups on the list. */
  #choose(length: number): Places {
    const { ints } = this.table;
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
    for (const held of this.columns) {
      writeColumn(this.table, held, batch.columns[held.index] as Column, places);
    }
  }
}
