import { resolve } from "node:path";
import type { CommitterFactory } from "@df/core";
import { parseTableOptions } from "../lake/table-options.ts";
import { localStore } from "../object-store/local-store.ts";
import { DeltaCommitter } from "./delta-committer.ts";

/** Builds the committers of `delta()` sinks. */
export const committerFactory: CommitterFactory = {
  open: async (options, context) => {
    const { path, partitionBy } = parseTableOptions("delta", options);
    const store = localStore(resolve(context.directory, path));
    return new DeltaCommitter({ context, partitionBy, path }, { store });
  },
};
