import type { Decodes } from "@df/core";
import { t, checkOptions } from "@df/core";
import { remakeableDecoder, type LineDecoder } from "../decoder.ts";
import { checkRecordBytes, RECORD_BYTES_MAX } from "../record-bytes.ts";
import { TextLines } from "./text-lines.ts";

/** Limits of `lines()`. */
export interface LinesOptions {
  /** A longer line is refused. Bytes, without the line's end; at most 256 MiB. Default: 1 MiB. */
  readonly recordBytesMax?: number | undefined;
}

/**
 * Takes each line of text as a row `{ line: string }`, also an empty one. See README.md for what is refused.
 * @throws DF_OPTION for a `recordBytesMax` that is no whole number from 1 to 256 MiB
 */
export function lines(options: LinesOptions = {}): LineDecoder & Decodes<{ line: string }> {
  checkOptions(options, ["recordBytesMax"], "lines()");
  const { recordBytesMax = RECORD_BYTES_MAX } = options;
  checkRecordBytes("lines", recordBytesMax);
  const { schema } = t.row({ line: t.string() });
  return remakeableDecoder({
    name: "lines",
    schema,
    options: { recordBytesMax },
    open: (columns) => new TextLines(columns.fields.length > 0, recordBytesMax),
  });
}
