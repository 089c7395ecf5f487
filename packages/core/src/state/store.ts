import { randomInt } from "node:crypto";
import { assert } from "../assert.ts";
import { bringByName } from "./bring.ts";
import { TableCheckpoint } from "./checkpoint.ts";
import { readChunk, type ReadChunk } from "./chunk.ts";
import { MEMORY_BYTES_MAX } from "./memory.ts";
import type { StateBudget } from "./state-budget.ts";
import type { Chunk, DescribedTable, StatePages, StateStore, StateTable, TableSpec } from "./state-store.ts";
import { storedSpec } from "./stored-table.ts";
import { hasLayout } from "./table-layout.ts";
import { MemoryStateTable, type TableOptions } from "./table.ts";
import { WaitingChunks } from "./waiting-chunks.ts";

/** Limits of a store, and the seed of its hashes. */
export interface MemoryStateStoreOptions {
  /** Of the index hash; by default drawn anew in every process. It never shows in what a table returns or stores. */
  readonly seed?: number;
  /** Limit in bytes of each memory of a table (rows, index, text); default and most: 4 GiB. */
  readonly memoryBytesMax?: number;
  /** Rows and texts beyond it are spilled. Without one all of them stay in memory. */
  readonly budget?: StateBudget | undefined;
  /**
   * Whether tables without a `bring` of their own, too, go on with rows that were stored with other columns: by name.
   * Rows that are brought over are written in full by the first `gather`.
   */
  readonly migrates?: boolean;
  /**
   * A function of the user brings rows over, whatever columns they were stored with. All are loaded, as their keys may
   * become others; those of these key groups stay.
   */
  readonly moves?: ((keyGroup: number) => boolean) | undefined;
}

/** A table as it was stored. */
interface StoredTable extends DescribedTable {
  readonly table: MemoryStateTable;
  readonly checkpoint: TableCheckpoint;
}

/** The keyed state of one node on one shard, held in memory as far as its budget allows. */
export class MemoryStateStore implements StateStore, StatePages {
  readonly #options: TableOptions;
  readonly #tables: Map<string, { table: MemoryStateTable; checkpoint: TableCheckpoint }> = new Map();
  /** Restored chunks of tables that are not open yet. */
  readonly #waiting: WaitingChunks;
  readonly #migrates: boolean;
  readonly #moves: MemoryStateStoreOptions["moves"];
  /** Since the last `gather`. */
  #hasBrought = false;

  constructor({
    seed = randomInt(2 ** 32),
    memoryBytesMax = MEMORY_BYTES_MAX,
    budget,
    migrates = false,
    moves,
  }: MemoryStateStoreOptions = {}) {
    this.#options = { seed, memoryBytesMax, budget };
    this.#waiting = new WaitingChunks(budget);
    this.#migrates = migrates;
    this.#moves = moves;
  }

  /**
   * Opens a table with what was restored of it.
   * @throws DF_STATE_CHANGED when it was stored with other columns, DF_STATE_SPEC when the columns are not possible
   */
  table(name: string, spec: TableSpec): StateTable {
    assert(!this.#tables.has(name), `state table "${name}" is opened twice`);
    const table = new MemoryStateTable(name, spec, this.#options);
    const checkpoint = new TableCheckpoint(table);
    let stored: StoredTable | undefined;
    let isAsStored: boolean | undefined;
    for (const chunk of this.#waiting.take(name)) {
      isAsStored ??= this.#isAsStored(table, spec, chunk);
      if (isAsStored) checkpoint.apply(chunk);
      else {
        stored ??= this.#stored(name, chunk);
        stored.checkpoint.apply(chunk);
        if (this.#moves?.(chunk.keyGroup) ?? true) checkpoint.noteStored(chunk.keyGroup);
      }
    }
    if (stored !== undefined) this.#bring(stored, { name, table, spec, isHere: this.#moves });
    checkpoint.restored();
    this.#tables.set(name, { table, checkpoint });
    return table;
  }

  /** Whether stored rows are taken as they are; where they cannot be brought over, they are refused then. */
  #isAsStored({ layout }: MemoryStateTable, { bring }: TableSpec, { layoutLines }: ReadChunk): boolean {
    if (this.#moves !== undefined) return false;
    return (!this.#migrates && bring === undefined) || hasLayout(layout, layoutLines);
  }

  /** Brings the rows of a table over that was stored with other columns. */
  #bring(stored: StoredTable, into: DescribedTable): void {
    const bring = (into.spec.bring ?? bringByName())(stored, into);
    const { table } = stored;
    for (const pane of table.panes()) {
      const ids = new Int32Array(table.blockKeys);
      const size = table.sizeOf(pane);
      for (let from = 0; from < size; from += ids.length)
        bring(pane, ids.subarray(0, table.list(pane, from, ids)));
      table.drop(pane);
    }
    this.#options.budget?.leave(table);
    this.#hasBrought = true;
  }

  #stored(name: string, { layoutLines }: ReadChunk): StoredTable {
    const spec = storedSpec(layoutLines);
    const table = new MemoryStateTable(name, spec, this.#options);
    return { name, spec, table, checkpoint: new TableCheckpoint(table) };
  }

  /** Whether any table has a row. */
  get holdsRows(): boolean {
    for (const { table } of this.#tables.values()) if (table.size > 0) return true;
    return false;
  }

  /** Tables in the order in which they were opened. */
  *gathered(rewrite: (keyGroup: number) => boolean): Generator<readonly Chunk[], void> {
    const inFull = this.#hasBrought ? () => true : rewrite;
    this.#hasBrought = false;
    for (const { checkpoint } of this.#tables.values()) yield* checkpoint.gather(inFull);
  }

  /** All that `gathered` gives. */
  gather(rewrite: (keyGroup: number) => boolean): Chunk[] {
    return [...this.gathered(rewrite)].flat();
  }

  /**
   * Chunks of tables that are not open yet are checked and kept until they are.
   * @throws DF_CORRUPT, DF_STATE_CHANGED
   */
  load(chunks: Iterable<Chunk>, keep: (keyGroup: number) => boolean): void {
    for (const chunk of chunks) {
      if (this.#moves === undefined && !keep(chunk.keyGroup)) continue;
      const read = readChunk(chunk);
      const open = this.#tables.get(chunk.table);
      if (open === undefined) this.#waiting.add(chunk, read);
      else open.checkpoint.apply(read);
    }
    for (const { checkpoint } of this.#tables.values()) checkpoint.restored();
  }
}
