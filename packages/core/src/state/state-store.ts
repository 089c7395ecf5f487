/**
 * The contract of keyed state. Measured in bench/state; the rule of the whole file: an operator never holds an array or
 * a row offset across two calls of a table. It may hold ids, which stay valid until their row is removed.
 */
import type { Batch } from "../batch/batch.ts";
import type { ColumnBuilder } from "../batch/builder.ts";
import type { Field, Schema } from "../schema/schema.ts";

/** A row of a table, until it is removed. A restart gives new ids: they may not be kept in state. */
export type RowId = number;

/** A pane is a part of a table that is dropped whole, by a number of its operator's. Tables without panes use 0. */
export type PaneId = number;

/**
 * A value column. A field of the schema takes one word (8 bytes; text goes to the table's heap and leaves a reference),
 * or `words` raw words that only their aggregate reads, all zero in a fresh row.
 */
export type ValueColumn =
  | { readonly name: string; readonly field: Field }
  | { readonly name: string; readonly words: number };

/** The columns of a table. */
export interface TableSpec {
  /**
   * The columns that identify a row; nulls are values like others and equal each other. Shards share rows by the key
   * group of this whole key, so it is the columns of the exchange and no others.
   */
  readonly key: Schema;
  readonly value: readonly ValueColumn[];
  /** Rows live in panes. */
  readonly panes?: boolean;
  /** Brings over rows that were stored with other columns. Default: `bringByName()`. */
  readonly bring?: Bring | undefined;
}

/** A table with its name and its columns. */
export interface DescribedTable {
  readonly name: string;
  readonly table: StateTable;
  readonly spec: TableSpec;
  /** Of the table that rows are brought into: whether rows of a key group stay here. Default: all do. */
  readonly isHere?: ((keyGroup: number) => boolean) | undefined;
}

/**
 * Makes rows of a table of those that were stored with other columns, before the operator sees the table. What it
 * returns is given all stored rows, some of one pane at a time.
 * @throws DF_STATE_CHANGED where they cannot be rows of this table
 */
export type Bring = (stored: DescribedTable, into: DescribedTable) => (pane: PaneId, ids: Int32Array) => void;

/** All that an operator remembers: tables by name. */
export interface StateStore {
  /** The table of a name. Opened once, when the operator opens; what it held at the last checkpoint is in it. */
  table(name: string, spec: TableSpec): StateTable;
}

/** Some rows of a batch and the columns that are their key, in the order of `TableSpec.key`. */
export interface Keys {
  readonly batch: Batch;
  readonly columns: readonly number[];
  /** `count` row numbers. */
  readonly rows: Int32Array;
  readonly count: number;
}

/**
 * All methods are synchronous and work on at most one batch. Rows may have been spilled to disk: a method that is asked
 * for rows brings them into memory, which may move that memory and, within the limits that `offsets` states, spill
 * others. Between two calls of an operator any row may be spilled.
 */
export interface StateTable {
  /** Rows in all panes. */
  readonly size: number;
  /**
   * Ids of the keys' rows in a pane, made where absent: `out[i]` for `keys.rows[i]`. Equal keys get one id. Positions i
   * of new rows go to `fresh`; returns their number. Marks all of them as touched.
   */
  insert(keys: Keys, pane: PaneId, out: Int32Array, fresh: Int32Array): number;
  /** As insert, with the keys of rows of this table, which mostly lie in another pane: `out[i]` for `ids[i]`. */
  insertAs(ids: Int32Array, count: number, pane: PaneId, out: Int32Array): void;
  /** As insert, −1 where absent; touches nothing. */
  find(keys: Keys, pane: PaneId, out: Int32Array): void;
  /**
   * Word offsets of rows in `words`, of a batch at most: valid within this call of the operator until the next insert, or
   * until rows of three further batches were asked for. Ids below 0 give some number below 0.
   */
  offsets(ids: Int32Array, count: number, out: Int32Array): void;
  /**
   * One flat view of all rows, in words of 8 bytes; `ints` is the same memory in words of 4. Read again after each
   * call that is given ids or keys.
   */
  readonly words: Float64Array;
  readonly ints: Int32Array;
  readonly longs: BigInt64Array;
  /** Words from the start of a row to a value column. */
  offset(column: string): number;
  /** Text of the table, by reference in a word. */
  readonly heap: Heap;
  /** Marks rows for the next checkpoint; insert and remove do so by themselves. */
  touch(ids: Int32Array, count: number): void;
  /** Frees rows, and the heap text of their key and declared text columns. */
  remove(ids: Int32Array, count: number): void;
  /** Appends the key of each row, one builder per key column. */
  copyKeys(ids: Int32Array, count: number, into: readonly ColumnBuilder[]): void;
  /** Panes that have rows, ascending. */
  panes(): readonly PaneId[];
  /** Rows of a pane. */
  sizeOf(pane: PaneId): number;
  /** Drops a pane whole; returns the rows it had. */
  drop(pane: PaneId): number;
  /**
   * Ids of a pane in canonical key order (see batch/canonical.ts), from the `from`-th on, at most `out.length`; returns
   * how many. Sorted once per pane and kept until the pane changes.
   */
  scan(pane: PaneId, from: number, out: Int32Array): number;
  /** As scan, in no order: without sorting. */
  list(pane: PaneId, from: number, out: Int32Array): number;
}

/** Variable-length bytes. A reference is a positive integer that fits an int32; 0 is none. */
export interface Heap {
  /** Copies the bytes in. */
  put(bytes: Uint8Array, start: number, end: number): number;
  /** A view, valid until the next put, and until the table is asked for other rows. */
  get(reference: number): Uint8Array;
  free(reference: number): void;
}

/** What the runtime sees of a store: one per node and shard. */
export interface StatePages {
  /**
   * Rows touched since the last call, by key group, as pieces of at most 8 MiB; clears the marks. A full piece set
   * replaces all older ones of its table and group. `rewrite` says whether a group is written in full this time.
   * They come some at a time, each after a few milliseconds at most. Until the last ones have come the operator may not
   * be called; rows may be spilled.
   */
  gathered(rewrite: (keyGroup: number) => boolean): Iterable<readonly Chunk[]>;
  /** Restores rows of key groups that `keep` accepts. Chunks come in the order of their epochs. */
  load(chunks: Iterable<Chunk>, keep: (keyGroup: number) => boolean): void;
}

/** Rows of one table and key group as bytes: what a checkpoint stores. */
export interface Chunk {
  readonly table: string;
  readonly keyGroup: number;
  /** A full chunk set of an epoch makes older ones of the same table and key group void. */
  readonly full: boolean;
  readonly bytes: Uint8Array;
}
