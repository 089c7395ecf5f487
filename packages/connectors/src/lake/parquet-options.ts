import { checkOneOf } from "@df/core";
import type { Json } from "@df/core";
import { COMPRESSIONS } from "@df/formats/parquet/compression";
import type { Compression } from "@df/formats/parquet/compression";
import { parseTableOptions } from "./table-options.ts";
import type { TableOptions } from "./table-options.ts";

/** What the committer of a table of Parquet files is built from. */
export interface ParquetTableOptions extends TableOptions {
  /** How the pages of new files are compressed. */
  readonly compression: Compression;
}

/** The options of these that may change from run to run: files of both kinds make one table. */
export const CHANGEABLE: readonly string[] = ["compression"];

/** Checks options of a connector as they were given or stored. @throws DF_OPTION */
export function parseParquetOptions(connector: "delta" | "parquet", options: Json): ParquetTableOptions {
  const { compression = "snappy" } = (options ?? {}) as { readonly compression?: unknown };
  checkOneOf(compression, COMPRESSIONS, `compression of ${connector}()`);
  return { ...parseTableOptions(connector, options), compression: compression };
}
