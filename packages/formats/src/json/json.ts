import {
  schemaOfRow,
  type Columns,
  type Decodes,
  type ReadOf,
  type RowType,
  type Schema,
  checkOptions,
} from "@df/core";
import { remakeableDecoder, type LineDecoder } from "../decoder.ts";
import { checkRecordBytes, RECORD_BYTES_MAX } from "../record-bytes.ts";
import { JsonLines } from "./lines.ts";
import { Walks } from "./walks.ts";

/** Limits of `json()`. */
export interface JsonOptions {
  /** A longer record is refused unread. Bytes, without the line's end; at most 256 MiB. Default: 1 MiB. */
  readonly recordBytesMax?: number | undefined;
}

/**
 * Decodes JSON Lines: one object a line, its keys in any order. See README.md for what is accepted.
 *
 * Every record is checked for syntax, UTF-8, depth, size and the presence of its columns; type and range of a value
 * where its column is read.
 * @throws DF_SCHEMA for no row type, DF_OPTION for a `recordBytesMax` that is no whole number from 1 to 256 MiB
 */
export function json<const S extends Columns>(
  row: RowType<S>,
  options: JsonOptions = {},
): LineDecoder & Decodes<ReadOf<S>> {
  checkOptions(options, ["recordBytesMax"], "json()");
  const recordBytesMax = options.recordBytesMax ?? RECORD_BYTES_MAX;
  checkRecordBytes("json", recordBytesMax);
  const schema = schemaOfRow(row, "json(Row)");
  /** By the columns that are read: all splits of a source read the same ones. */
  const walks = new Map<string, Walks>();
  const walksFor = (columns: Schema): Walks => {
    const key = JSON.stringify(columns.fields.map(({ name }) => name));
    const made = walks.get(key) ?? new Walks({ schema, columns, recordBytesMax });
    walks.set(key, made);
    return made;
  };
  return remakeableDecoder({
    name: "json",
    schema,
    options: { recordBytesMax },
    open: (columns, generate) =>
      new JsonLines(schema, columns, { recordBytesMax, walks: generate ? walksFor(columns) : undefined }),
  });
}
