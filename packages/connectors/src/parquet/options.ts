import { DataflowError } from "@df/core";
import type { Json } from "@df/core";

/** What a Parquet committer is built from. */
export interface ParquetOptions {
  /** A local directory, relative to the directory the command runs in. */
  readonly path: string;
  readonly partitionBy: readonly string[];
}

/** Checks options as they were stored. @throws DF_OPTION */
export function parseOptions(options: Json): ParquetOptions {
  const { path, partitionBy = [] } = options as { path?: unknown; partitionBy?: unknown };
  if (typeof path !== "string" || path === "" || /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new DataflowError(
      "DF_OPTION",
      `parquet() needs the path of a local directory, not ${JSON.stringify(path)}: parquet({ path: "./out/orders" }).`,
    );
  }
  if (!Array.isArray(partitionBy) || !partitionBy.every((name) => typeof name === "string")) {
    throw new DataflowError(
      "DF_OPTION",
      `partitionBy of parquet() is a list of column names, not ${JSON.stringify(partitionBy)}.`,
    );
  }
  return { path, partitionBy };
}
