import { randomInt } from "node:crypto";
import { assert } from "../assert.ts";
import { TableCheckpoint } from "./checkpoint.ts";
import { readChunk } from "./chunk.ts";
import { MEMORY_BYTES_MAX } from "./memory.ts";
import { migrated } from "./migrate-chunk.ts";
import type { StateBudget } from "./state-budget.ts";
import type { Chunk, StatePages, StateStore, StateTable, TableSpec } from "./state-store.ts";
import { WaitingChunks } from "./waiting-chunks.ts";
import { MemoryStateTable, type TableOptions } from "./table.ts";

/** Limits of a store, and the seed of its hashes. */
export interface MemoryStateStoreOptions {
  /** Of the index hash; by default drawn anew in every process. It never shows in what a table returns or stores. */
  readonly seed?: number;
  /** Limit in bytes of each memory of a table (rows, index, text); default and most: 4 GiB. */
  readonly memoryBytesMax?: number;
  /** Rows and texts beyond it are spilled. Without one all of them stay in memory. */
  readonly budget?: StateBudget | undefined;
  /**
   * Whether tables may lack value columns that were stored, or have them in another order. What is restored is then
   * written in full by the first `gather`.
   */
  readonly migrates?: boolean;
}

/** The keyed state of one node on one shard, held in memory as far as its budget allows. */
export class MemoryStateStore implements StateStore, StatePages {
  readonly #options: TableOptions;
  readonly #tables: Map<string, { table: MemoryStateTable; checkpoint: TableCheckpoint }> = new Map();
  /** Restored chunks of tables that are not open yet. */
  readonly #waiting: WaitingChunks;
  /** Until the first `gather`. */
  #migrates: boolean;

  constructor({
    seed = randomInt(2 ** 32),
    memoryBytesMax = MEMORY_BYTES_MAX,
    budget,
    migrates = false,
  }: MemoryStateStoreOptions = {}) {
    this.#options = { seed, memoryBytesMax, budget };
    this.#waiting = new WaitingChunks(budget);
    this.#migrates = migrates;
  }

  /**
   * Opens a table with what was restored of it.
   * @throws DF_STATE_CHANGED when it was stored with other columns, DF_STATE_SPEC when the columns are not possible
   */
  table(name: string, spec: TableSpec): StateTable {
    assert(!this.#tables.has(name), `state table "${name}" is opened twice`);
    const table = new MemoryStateTable(name, spec, this.#options);
    const checkpoint = new TableCheckpoint(table);
    for (const chunk of this.#waiting.take(name))
      checkpoint.apply(this.#migrates ? migrated(chunk, table.layout.lines) : chunk);
    checkpoint.restored();
    this.#tables.set(name, { table, checkpoint });
    return table;
  }

  /** Whether any table has a row. */
  get holdsRows(): boolean {
    for (const { table } of this.#tables.values()) if (table.size > 0) return true;
    return false;
  }

  /** Tables in the order in which they were opened. */
  *gathered(rewrite: (keyGroup: number) => boolean): Generator<readonly Chunk[], void> {
    const inFull = this.#migrates ? () => true : rewrite;
    this.#migrates = false;
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
      if (!keep(chunk.keyGroup)) continue;
      const read = readChunk(chunk);
      const open = this.#tables.get(chunk.table);
      if (open === undefined) this.#waiting.add(chunk, read);
      else open.checkpoint.apply(read);
    }
    for (const { checkpoint } of this.#tables.values()) checkpoint.restored();
  }
}
