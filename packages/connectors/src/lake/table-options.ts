import { DataflowError } from "@df/core";
import type { Json } from "@df/core";

/** What the committer of a table in a directory is built from. */
export interface TableOptions {
  /** A local directory, relative to the directory the command runs in. */
  readonly path: string;
  readonly partitionBy: readonly string[];
}

/** Checks options of a connector as they were given or stored. @throws DF_OPTION */
export function parseTableOptions(connector: "delta" | "parquet" | "filesSink", options: Json): TableOptions {
  const { path, partitionBy = [] } = (options ?? {}) as {
    readonly path?: unknown;
    readonly partitionBy?: unknown;
  };
  if (typeof path !== "string" || path === "" || /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new DataflowError(
      "DF_OPTION",
      `${connector}() needs the path of a local directory, not ${JSON.stringify(path)}: ` +
        `${connector}({ path: "./out/orders" }).`,
    );
  }
  if (!Array.isArray(partitionBy) || !partitionBy.every((name) => typeof name === "string")) {
    throw new DataflowError(
      "DF_OPTION",
      `partitionBy of ${connector}() is a list of column names, not ${JSON.stringify(partitionBy)}.`,
    );
  }
  return { path, partitionBy };
}
