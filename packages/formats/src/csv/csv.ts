import type { Columns, Decodes, ReadOf, RowType, Schema } from "@df/core";
import { DataflowError, schemaOfRow, checkOptions } from "@df/core";
import { remakeableDecoder, type LineDecoder } from "../decoder.ts";
import { checkRecordBytes, RECORD_BYTES_MAX } from "../record-bytes.ts";
import { CsvKernels } from "./kernel.ts";
import { CsvRecords } from "./records.ts";

/** How a CSV file is written, and limits. */
export interface CsvOptions {
  /** Whether the first line names the columns. Otherwise they stand in the order of the row type. Default: true. */
  readonly header?: boolean | undefined;
  /** Stands between two fields: an ASCII character, but no letter, digit, quote, `.`, `+` or `-`. Default: `,`. */
  readonly delimiter?: string | undefined;
  /** Default: `"`. */
  readonly quote?: '"' | "'" | undefined;
  /** What stands, without quotes, for null. Default: nothing, an empty field. */
  readonly nulls?: string | undefined;
  /** A longer record is refused unread. Bytes, without the line's end; at most 256 MiB. Default: 1 MiB. */
  readonly recordBytesMax?: number | undefined;
}

/**
 * Decodes CSV (RFC 4180), also with other delimiters. See README.md for what is accepted.
 *
 * Every record is checked for quotes, UTF-8, size and its number of fields; type and range of a value where its column
 * is read.
 * @throws DF_SCHEMA for no row type, DF_OPTION for an option that is none of the values above
 */
export function csv<const S extends Columns>(
  row: RowType<S>,
  options: CsvOptions = {},
): LineDecoder & Decodes<ReadOf<S>> {
  checkOptions(options, ["header", "delimiter", "quote", "nulls", "recordBytesMax"], "csv()");
  const { header = true, delimiter = ",", quote = '"', nulls = "" } = options;
  const { recordBytesMax = RECORD_BYTES_MAX } = options;
  if (quote !== '"' && quote !== "'") throw refused("quote", quote, `give '"' or "'"`);
  if (!/^[\t -~]$/.test(delimiter) || /[A-Za-z0-9.+-]/.test(delimiter) || delimiter === quote) {
    const remedy = "give one ASCII character that is no letter, digit, quote, point or sign";
    throw refused("delimiter", delimiter, remedy);
  }
  if (/[\r\n]/.test(nulls) || nulls.includes(quote) || nulls.includes(delimiter)) {
    throw refused("nulls", nulls, "give a text without quotes, delimiters and line breaks");
  }
  checkRecordBytes("csv", recordBytesMax);
  const dialect = { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) };
  const schema = schemaOfRow(row, "csv(Row)");
  /** By the columns that are read: all splits of a source read the same ones. */
  const kernels = new Map<string, CsvKernels | undefined>();
  const kernelsFor = (columns: Schema): CsvKernels | undefined => {
    const key = JSON.stringify(columns.fields.map(({ name }) => name));
    if (!kernels.has(key)) kernels.set(key, CsvKernels.open({ columns, dialect, nulls, recordBytesMax }));
    return kernels.get(key);
  };
  return remakeableDecoder({
    name: "csv",
    schema,
    options: { header, delimiter, quote, nulls, recordBytesMax },
    open: (columns, generate) =>
      new CsvRecords(columns, {
        schema,
        header,
        dialect,
        nulls,
        recordBytesMax,
        kernels: generate ? kernelsFor(columns) : undefined,
      }),
  });
}

function refused(option: string, value: string, remedy: string): DataflowError {
  return new DataflowError("DF_OPTION", `${option} of csv() is ${JSON.stringify(value)}: ${remedy}.`);
}
