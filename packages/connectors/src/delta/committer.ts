import { resolve } from "node:path";
import type { CommitterFactory } from "@df/core";
import { USUAL_FORM } from "@df/formats/parquet/file-form";
import { parquetEncoder } from "@df/formats/parquet/worker-encoder";
import { parseParquetOptions } from "../lake/parquet-options.ts";
import { localStore } from "../object-store/local-store.ts";
import { DeltaCommitter } from "./delta-committer.ts";

/** Builds the committers of `delta()` sinks. */
export const committerFactory: CommitterFactory = {
  open: async (options, context) => {
    const { path, partitionBy, compression } = parseParquetOptions("delta", options);
    const store = localStore(resolve(context.directory, path));
    const encoder = parquetEncoder({ ...USUAL_FORM, compression });
    return new DeltaCommitter({ context, partitionBy, path }, { store, encoder });
  },
};
