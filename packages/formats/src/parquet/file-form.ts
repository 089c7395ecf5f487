/** What a table format asks of its files, beside their columns. */
import type { Compression } from "./compression.ts";

/** The form of a file. */
export interface FileForm {
  /** How pages are compressed. */
  readonly compression: Compression;
  /**
   * How decimals are stored. `int64`: a column can be widened without being rewritten. `fixed`: FIXED_LEN_BYTE_ARRAY of as
   * few bytes as the precision needs, as tables have it whose schema is one of Avro (Hudi).
   */
  readonly decimals: "int64" | "fixed";
  /** The id of each column, by its name, for formats that find columns by it (Iceberg). */
  readonly fieldIds?: Readonly<Record<string, number>> | undefined;
}

/** What Delta tables and directories have, unless something else is said. */
export const USUAL_FORM: FileForm = { compression: "snappy", decimals: "int64" };
