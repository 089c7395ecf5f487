import { DataflowError } from "@df/core";
import type { CommitterContext } from "@df/core";
import type { TableOptions } from "../lake/table-options.ts";
import { tableColumns } from "./manifest.ts";
import type { TableInfo } from "./manifest.ts";

/**
 * Refuses a table that belongs to another sink, or whose columns are not those of the rows to come.
 * @throws DF_SINK_OTHER_PIPELINE, DF_SCHEMA_TYPE, DF_PARTITION
 */
export function checkTable(table: TableInfo, options: TableOptions, context: CommitterContext): void {
  const { pipeline, sink, input } = context;
  const elsewhere = 'Write to a new path: parquet({ path: "…" }).';
  if (table.pipeline !== pipeline || table.sink !== sink) {
    throw new DataflowError(
      "DF_SINK_OTHER_PIPELINE",
      `The Parquet table at "${options.path}" belongs to sink "${table.sink}" of pipeline "${table.pipeline}", not to ` +
        `"${sink}" of "${pipeline}". ${elsewhere}`,
    );
  }
  if (table.partitionBy.join("\0") !== options.partitionBy.join("\0")) {
    throw new DataflowError(
      "DF_PARTITION",
      `The Parquet table at "${options.path}" is partitioned by (${table.partitionBy.join(", ")}), the sink by ` +
        `(${options.partitionBy.join(", ")}). ${elsewhere}`,
    );
  }
  const ours = tableColumns(input.schema);
  for (const { name, type, nullable } of ours) {
    const column = table.columns.find((other) => other.name === name);
    const has =
      column === undefined
        ? "has no such column"
        : `has ${column.type}${column.nullable ? "" : ", not null"}`;
    if (column?.type === type && (column.nullable || !nullable)) continue;
    throw new DataflowError(
      "DF_SCHEMA_TYPE",
      `Column "${name}" of sink "${sink}" is ${type}${nullable ? ", nullable" : ""}, the table at "${options.path}" ${has}. ` +
        `Cast it with .map(), or leave this table as it is: ${elsewhere}`,
    );
  }
  const missing = table.columns.find(({ name }) => !ours.some((column) => column.name === name));
  if (missing !== undefined) {
    throw new DataflowError(
      "DF_SCHEMA_TYPE",
      `The table at "${options.path}" has a column "${missing.name}" (${missing.type}) that sink "${sink}" does not write. ` +
        `Add it with .map(), or leave this table as it is: ${elsewhere}`,
    );
  }
}
