import { resolve } from "node:path";
import { DataflowError } from "@df/core";
import type { CommitterFactory, Json } from "@df/core";
import { localStore } from "../object-store/local-store.ts";
import { DeltaCommitter } from "./delta-committer.ts";

/** Builds the committers of `delta()` sinks. */
export const committerFactory: CommitterFactory = {
  open: async (options, context) => {
    const { path, partitionBy } = parseOptions(options);
    const store = localStore(resolve(context.directory, path));
    return new DeltaCommitter({ context, partitionBy, path }, { store });
  },
};

/** What a Delta committer is built from. */
interface StoredOptions {
  readonly path: string;
  readonly partitionBy: readonly string[];
}

/** Checks options as they were stored. @throws DF_OPTION */
export function parseOptions(options: Json): StoredOptions {
  const { path, partitionBy = [] } = (options ?? {}) as {
    readonly path?: unknown;
    readonly partitionBy?: unknown;
  };
  if (typeof path !== "string" || path === "" || /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new DataflowError(
      "DF_OPTION",
      `delta() needs the path of a local directory, not ${JSON.stringify(path)}: delta({ path: "./out/orders" }).`,
    );
  }
  if (!Array.isArray(partitionBy) || !partitionBy.every((name) => typeof name === "string")) {
    throw new DataflowError(
      "DF_OPTION",
      `partitionBy of delta() is a list of column names, not ${JSON.stringify(partitionBy)}.`,
    );
  }
  return { path, partitionBy };
}
