/** Rows divided by the values of their partition columns. */
import { columnIndex, DataflowError, gatherRows, isNull } from "@df/core";
import type { Batch, Column, ColumnType, Field, Schema } from "@df/core";
import { valueText } from "./value-text.ts";

/** Partitions that one delivery may touch: each is at least one file. */
export const PARTITIONS_MAX = 10_000;
/** Above any number of distinct values met in one call, so that (group, code) is one exact double. */
const CODES_MAX = 2 ** 32;

/** The rows of one partition. */
export interface PartitionGroup {
  /** One per partition column, as Delta writes them; null also for empty text. */
  readonly values: (string | null)[];
  /** Never empty; rows in the order in which they came. Text bytes are shared with the batches given. */
  readonly batches: Batch[];
}

/**
 * Divides rows by the values of their partition columns; groups in the order in which they first appear. Without
 * partition columns there is one group, or none when there are no rows.
 * @throws DF_PARTITION for more than `PARTITIONS_MAX` groups
 */
export function groupByPartition(
  batches: readonly Batch[],
  schema: Schema,
  partitionBy: readonly string[],
): PartitionGroup[] {
  if (partitionBy.length === 0) return batches.length === 0 ? [] : [{ values: [], batches: [...batches] }];
  const indexes = partitionBy.map((name) => columnIndex(schema, name));
  const fields = indexes.map((index) => schema.fields[index] as Field);
  const coders = fields.map(() => new ValueCoder());
  const groups: PartitionGroup[] = [];
  const groupOfPair = fields.map(() => new Map<number, number>());
  for (const batch of batches) {
    const columns = indexes.map((index) => batch.columns[index] as Column);
    const groupOf = new Int32Array(batch.length);
    for (const [i, column] of columns.entries()) {
      (coders[i] as ValueCoder).refine(column, groupOf, groupOfPair[i] as Map<number, number>);
    }
    for (let row = 0; row < batch.length; row++) {
      const group = groupOf[row] as number;
      if (group < groups.length) continue;
      if (group >= PARTITIONS_MAX) throw tooMany(partitionBy);
      groups.push({
        values: columns.map((column, i) => partitionText((fields[i] as Field).type, column, row)),
        batches: [],
      });
    }
    divide(batch, groupOf, groups);
  }
  return groups;
}

/** The value's text as Delta writes it; empty text is null. */
function partitionText(type: ColumnType, column: Column, row: number): string | null {
  const text = valueText(type, column, row);
  return text === "" ? null : text;
}

/** Adds each group's rows; a batch of one group goes there as it is. */
function divide(batch: Batch, groupOf: Int32Array, groups: readonly PartitionGroup[]): void {
  const counts = new Map<number, number>();
  for (let row = 0; row < batch.length; row++) {
    const group = groupOf[row] as number;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  for (const [group, count] of counts) {
    const target = (groups[group] as PartitionGroup).batches;
    if (count === batch.length) {
      target.push(batch);
      continue;
    }
    const rows = new Int32Array(count);
    let at = 0;
    for (let row = 0; row < batch.length; row++) if (groupOf[row] === group) rows[at++] = row;
    target.push(gatherRows(batch, rows, count));
  }
}

/** Numbers the distinct values of one column as they appear; 0 is null and empty text. */
class ValueCoder {
  readonly #codes = new Map<number | bigint | string, number>();
  #last: Uint8Array = new Uint8Array(0);
  #lastCode = 0;

  /** Splits the groups in `groupOf` by this column: each pair of group and value gets a number of its own. */
  refine(column: Column, groupOf: Int32Array, groupOfPair: Map<number, number>): void {
    for (let row = 0; row < groupOf.length; row++) {
      const pair = (groupOf[row] as number) * CODES_MAX + this.#code(column, row);
      let group = groupOfPair.get(pair);
      if (group === undefined) {
        group = groupOfPair.size;
        groupOfPair.set(pair, group);
      }
      groupOf[row] = group;
    }
  }

  #code(column: Column, row: number): number {
    if (isNull(column, row)) return 0;
    if (column.layout !== "text") {
      const value = column.values[row] as number | bigint;
      // The same value is a number in one batch and a bigint in another: the wide form is used where it must be.
      return this.#codeOf(
        typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value,
      );
    }
    const start = column.starts[row] as number;
    const end = column.ends[row] as number;
    if (start === end) return 0;
    if (!sameBytes(this.#last, column.bytes, start, end)) {
      this.#last = column.bytes.slice(start, end);
      this.#lastCode = this.#codeOf(decoder.decode(this.#last));
    }
    return this.#lastCode;
  }

  #codeOf(value: number | bigint | string): number {
    let code = this.#codes.get(value);
    if (code === undefined) {
      code = this.#codes.size + 1;
      this.#codes.set(value, code);
    }
    return code;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function tooMany(partitionBy: readonly string[]): DataflowError {
  return new DataflowError(
    "DF_PARTITION",
    `The rows of one delivery have more than ${PARTITIONS_MAX} different values of (${partitionBy.join(", ")}), and each ` +
      "would be a file. Partition by fewer or coarser columns.",
  );
}
