/** Commits to a directory of files of lines, by the protocol that all directories of data files share. */
import { resolve } from "node:path";
import type { Committer, CommitterContext, CommitterFactory, Shape } from "@df/core";
import { formatWords } from "@df/formats/text/text-format";
import type { TextFormat } from "@df/formats/text/text-format";
import { DirectoryCommitter } from "../lake/directory-committer.ts";
import { mutedStore } from "../object-store/muted-store.ts";
import { localStore } from "../object-store/local-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { changeSchema } from "./change-rows.ts";
import { parseFilesOptions } from "./files-options.ts";
import type { FilesTableOptions } from "./files-options.ts";
import { FILE_BYTES, stager } from "./stage.ts";

/** Builds the committers of `filesSink()` sinks. */
export const committerFactory: CommitterFactory = {
  open: async (options, context) => {
    const parsed = parseFilesOptions(options);
    return filesCommitter(localStore(resolve(context.directory, parsed.path)), parsed, context);
  },
};

/** A committer on any store; a file is full at `fileBytes` bytes. */
export function filesCommitter(
  store: ObjectStore,
  options: FilesTableOptions,
  context: CommitterContext,
  fileBytes: number = FILE_BYTES,
): Committer {
  const { format } = options;
  const { input: shape, muted = false } = context;
  const staging = muted ? mutedStore(store) : store;
  return new DirectoryCommitter(store, options, context, {
    format: "dataflow-files",
    contents: contentsOf(shape, format),
    noun: "directory of files",
    call: 'filesSink({ path: "…" })',
    schema: changeSchema(shape),
    readsInPassing: true,
    stage: stager({ store: staging, shape, format, fileBytes }),
    close: async () => {},
  });
}

/** What another sink must not mix with: "upserts by (id) as JSON Lines". */
function contentsOf({ change, key }: Shape, format: TextFormat): string {
  const rows =
    change === "append" ? "rows" : change === "retract" ? "retractions" : `upserts by (${key.join(", ")})`;
  return `${rows} as ${formatWords(format)}`;
}
