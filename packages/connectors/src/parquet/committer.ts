/** Commits to a Parquet directory, by the protocol that all directories of data files share. */
import { resolve } from "node:path";
import type { Committer, CommitterContext, CommitterFactory } from "@df/core";
import { RowHasher } from "@df/core/batch/row-hasher";
import type { ParquetEncoder } from "@df/formats/parquet/encoder";
import { USUAL_FORM } from "@df/formats/parquet/file-form";
import { parquetEncoder } from "@df/formats/parquet/worker-encoder";
import { DirectoryCommitter } from "../lake/directory-committer.ts";
import { parseParquetOptions } from "../lake/parquet-options.ts";
import type { TableOptions } from "../lake/table-options.ts";
import { mutedStore } from "../object-store/muted-store.ts";
import { localStore } from "../object-store/local-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { stageFiles } from "./stage.ts";

/** Builds the committers of `parquet()` sinks. */
export const committerFactory: CommitterFactory = {
  open: async (options, context) => {
    const parsed = parseParquetOptions("parquet", options);
    const store = localStore(resolve(context.directory, parsed.path));
    const encoder = parquetEncoder({ ...USUAL_FORM, compression: parsed.compression });
    return parquetCommitter(store, parsed, context, encoder);
  },
};

/** A committer on any store; the encoder is closed with it. */
export function parquetCommitter(
  store: ObjectStore,
  options: TableOptions,
  context: CommitterContext,
  encoder: ParquetEncoder = parquetEncoder(),
): Committer {
  const { schema } = context.input;
  const hasher = new RowHasher(schema);
  const staging = context.muted === true ? mutedStore(store) : store;
  return new DirectoryCommitter(store, options, context, {
    format: "dataflow-parquet",
    noun: "Parquet table",
    call: 'parquet({ path: "…" })',
    schema,
    stage: ({ batches }, contentHash) =>
      stageFiles(
        { store: staging, encoder, schema, partitionBy: options.partitionBy, hasher, contentHash },
        batches,
      ),
    close: () => encoder.close(),
  });
}
