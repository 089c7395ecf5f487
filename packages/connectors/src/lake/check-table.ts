import { DataflowError } from "@df/core";
import type { CommitterContext } from "@df/core";
import type { DirectoryFormat } from "./directory-format.ts";
import { tableColumns } from "./manifest.ts";
import type { TableInfo } from "./manifest.ts";
import type { TableOptions } from "./table-options.ts";

/**
 * Refuses a table that belongs to another sink, or whose files are not like those to come.
 * @throws DF_SINK_OTHER_PIPELINE, DF_SINK_FORMAT, DF_PARTITION, DF_SCHEMA_TYPE
 */
export function checkTable(
  table: TableInfo,
  options: TableOptions,
  context: CommitterContext,
  format: DirectoryFormat,
): void {
  const { pipeline, sink, formerIds = [] } = context;
  const elsewhere = `Write to a new path: ${format.call}.`;
  const there = `The ${format.noun} at "${options.path}"`;
  if (table.pipeline !== pipeline || ![sink, ...formerIds].includes(table.sink)) {
    const way =
      table.pipeline === pipeline
        ? ` If that is what this sink was called before, say so: { renamedFrom: ${JSON.stringify(table.sink)} }.`
        : "";
    throw new DataflowError(
      "DF_SINK_OTHER_PIPELINE",
      `${there} belongs to sink "${table.sink}" of pipeline "${table.pipeline}", not to ` +
        `"${sink}" of "${pipeline}". ${elsewhere}${way}`,
    );
  }
  if (table.contents !== format.contents) {
    throw new DataflowError(
      "DF_SINK_FORMAT",
      `${there} holds ${table.contents}; sink "${sink}" writes ${format.contents}. ${elsewhere}`,
    );
  }
  if (table.partitionBy.join("\0") !== options.partitionBy.join("\0")) {
    throw new DataflowError(
      "DF_PARTITION",
      `${there} is partitioned by (${table.partitionBy.join(", ")}), the sink by ` +
        `(${options.partitionBy.join(", ")}). ${elsewhere}`,
    );
  }
  checkColumns(table, options.path, sink, format);
}

function checkColumns(table: TableInfo, path: string, sink: string, format: DirectoryFormat): void {
  const way = `or leave this table as it is: write to a new path, ${format.call}.`;
  const ours = tableColumns(format.schema);
  for (const { name, type, nullable } of ours) {
    const column = table.columns.find((other) => other.name === name);
    const has =
      column === undefined
        ? "has no such column"
        : `has ${column.type}${column.nullable ? "" : ", not null"}`;
    if (column?.type === type && (column.nullable || !nullable)) continue;
    throw new DataflowError(
      "DF_SCHEMA_TYPE",
      `Column "${name}" of sink "${sink}" is ${type}${nullable ? ", nullable" : ""}, the table at "${path}" ${has}. ` +
        `Cast it with .map(), ${way}`,
    );
  }
  const missing = table.columns.find(({ name }) => !ours.some((column) => column.name === name));
  if (missing !== undefined) {
    throw new DataflowError(
      "DF_SCHEMA_TYPE",
      `The table at "${path}" has a column "${missing.name}" (${missing.type}) that sink "${sink}" does not write. ` +
        `Add it with .map(), ${way}`,
    );
  }
}
