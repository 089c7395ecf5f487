/** Reads the rows that a table shows. */
import { columnIndex, DataflowError, pick } from "@df/core";
import type { Batch, Column, Field, Schema } from "@df/core";
import { readParquet } from "@df/formats/parquet/read-batches";
import type { ObjectStore } from "../object-store/object-store.ts";
import { readVector } from "./deletion-vector.ts";
import { partitionColumn } from "./partition-values.ts";
import type { LiveFile } from "./snapshot.ts";

/** Consecutive rows of a file, deleted ones included. */
export interface FileRows {
  readonly batch: Batch;
  /** The number of the batch's first row within the file. */
  readonly start: number;
  /** Not 0 for each row of the batch that is deleted. */
  readonly deleted: Uint8Array;
}

/**
 * All rows of a file with the columns of `schema`, those of its partition included.
 * @param schema columns of the table, in the order wanted
 * @throws DF_DELTA_LOG when the file is lost
 */
export async function readFileRows(
  store: ObjectStore,
  file: LiveFile,
  schema: Schema,
  partitionBy: readonly string[],
): Promise<readonly FileRows[]> {
  const bytes = await store.get(file.path);
  if (bytes === undefined) {
    throw new DataflowError(
      "DF_DELTA_LOG",
      `The table's log names the file "${file.path}", which is not there.`,
    );
  }
  const names = schema.fields.flatMap(({ name }) => (partitionBy.includes(name) ? [] : [name]));
  const stored = await readParquet(bytes, pick(schema, names), file.path);
  const deletedRows = await readVector(store, file.add.deletionVector);
  const rows: FileRows[] = [];
  let start = 0;
  let next = 0;
  for (const batch of stored) {
    const deleted = new Uint8Array(batch.length);
    for (; next < deletedRows.length; next++) {
      const row = (deletedRows[next] as number) - start;
      if (row >= batch.length) break;
      deleted[row] = 1;
    }
    rows.push({ batch: withPartition(batch, schema, file, partitionBy), start, deleted });
    start += batch.length;
  }
  return rows;
}

function withPartition(
  batch: Batch,
  schema: Schema,
  { add }: LiveFile,
  partitionBy: readonly string[],
): Batch {
  const columns = schema.fields.map((field: Field): Column => {
    if (partitionBy.includes(field.name)) {
      return partitionColumn(field, add.partitionValues[field.name], batch.length);
    }
    return batch.columns[columnIndex(batch.schema, field.name)] as Column;
  });
  return { ...batch, schema, columns };
}
