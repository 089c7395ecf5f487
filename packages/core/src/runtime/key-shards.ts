import { ALL_ROWS } from "../batch/all-rows.ts";
import { type Batch, BATCH_ROWS_MAX } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";
import { KeyGroups } from "../batch/key-groups.ts";
import { columnIndex, pick, type Schema } from "../schema/schema.ts";
import { KEY_GROUPS, shardOf } from "../stream.ts";

/** The key groups of the rows of a batch, which nobody reads after `write`. */
const groups: Uint8Array = new Uint8Array(BATCH_ROWS_MAX);

/** Finds the shard of each row by its key: the owner of its key group. */
export class KeyShards {
  readonly #keys: readonly number[];
  readonly #keySchema: Schema;
  readonly #keyGroups: KeyGroups;
  /** The shard of each key group. */
  readonly #shards: Uint8Array;

  constructor(schema: Schema, key: readonly string[], shards: number) {
    this.#keys = key.map((name) => columnIndex(schema, name));
    this.#keySchema = pick(schema, key);
    this.#keyGroups = new KeyGroups(this.#keySchema);
    this.#shards = Uint8Array.from({ length: KEY_GROUPS }, (_, group) => shardOf(group, shards));
  }

  /** Writes the shard of each row. */
  write(batch: Batch, out: Uint8Array): void {
    const columns = this.#keys.map((index) => batch.columns[index] as Column);
    const keys = { ...batch, schema: this.#keySchema, columns };
    this.#keyGroups.write(keys, ALL_ROWS, batch.length, groups);
    for (let row = 0; row < batch.length; row++) out[row] = this.#shards[groups[row] as number] as number;
  }
}
