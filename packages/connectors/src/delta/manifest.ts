/** What staging leaves for the commit: plain data that needs no pipeline to be finished. */
import { DataflowError } from "@df/core";
import type { Json } from "@df/core";

/** A data file that is written and not yet part of the table. */
export interface StagedFile {
  /** Decoded, relative to the table. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly sizeBytes: number;
  readonly rows: number;
  /** As in the log. */
  readonly stats: string;
  readonly crc32: number;
}

/** Where staging believed replaced and deleted rows to be. */
export interface ReplacedRows {
  readonly path: string;
  readonly rows: readonly number[];
}

/** What an intent holds for this committer: the files it adds and the rows it takes away. */
export interface Manifest {
  readonly format: 1;
  /** `metaData.id` of the table it is for. */
  readonly tableId: string;
  /** The table's version that staging knew: what `replaced` is true of. */
  readonly tableVersion: number;
  /** The table's schema and partitions at that time: a table that still has them can take the files. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly rows: number;
  readonly files: readonly StagedFile[];
  readonly replaced: readonly ReplacedRows[];
  /** Canonical bytes of keys that have no new row, base64. */
  readonly deletedKeys: readonly string[];
}

/** Whether there is nothing to show. */
export function isEmpty(manifest: Manifest): boolean {
  return manifest.files.length === 0 && manifest.deletedKeys.length === 0;
}

/** The manifest as it is stored in an intent. */
export function manifestJson(manifest: Manifest): Json {
  return manifest as unknown as Json;
}

/** The manifest of an intent. @throws DF_INTENT when another version of the program wrote it */
export function parseManifest(json: Json): Manifest {
  const manifest = json as unknown as Manifest | null;
  if (
    typeof manifest !== "object" ||
    manifest === null ||
    manifest.format !== 1 ||
    !Array.isArray(manifest.files)
  ) {
    throw new DataflowError(
      "DF_INTENT",
      "A stored delivery to a Delta table has a form that this version does not know. " +
        "Finish it with the version that has stored it, then update.",
    );
  }
  return manifest;
}
