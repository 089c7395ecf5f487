import type { Schema, StageRequest } from "@df/core";
import type { ContentHash } from "@df/core/batch/canonical";
import type { CommittedFile } from "./manifest.ts";

/** What tells one kind of directory from another: how its files are made, and what it is called. */
export interface DirectoryFormat {
  /** Stored in `_table.json`: "dataflow-parquet". */
  readonly format: string;
  /** In words, where files of one format may differ: another sink's text is refused. */
  readonly contents?: string | undefined;
  /** In messages: "Parquet table". */
  readonly noun: string;
  /** In messages, a call that names another path: `parquet({ path: "…" })`. */
  readonly call: string;
  /** See `Committer.readsInPassing`. */
  readonly readsInPassing?: true;
  /** The columns of the files. */
  readonly schema: Schema;
  /**
   * Writes all rows durably under staged names never used before (`stageFile`), and adds them to the hash. The files
   * come back in the order of their rows, named as they will be once committed.
   */
  stage(request: StageRequest, contentHash: ContentHash): Promise<CommittedFile[]>;
  /** Called once, when the committer is closed. */
  close(): Promise<void>;
}
