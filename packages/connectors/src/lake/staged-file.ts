/** Data files that wait for their commit under hidden names. */
import { crc32 } from "node:zlib";
import { DataflowError } from "@df/core";
import type { ObjectStore } from "../object-store/object-store.ts";
import type { CommittedFile } from "./manifest.ts";

/** A data file that is complete. */
export interface DataFile {
  /** As it will be named once committed, relative to the table's directory; never used before. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** The partition columns' values as text, in their order. */
  readonly partition: readonly (string | null)[];
}

/** Stores a file durably where nobody looks for it. */
export async function stageFile(store: ObjectStore, file: DataFile): Promise<CommittedFile> {
  const { path, bytes, rows, partition } = file;
  await store.put(stagedPath(path), bytes);
  return { path, size: bytes.length, rows, crc32: crc32(bytes), partition };
}

/**
 * Gives a staged file its name, once it has proved to be what was staged. Done again it changes nothing.
 * @throws DF_STAGED_LOST, naming the directory `root`
 */
export async function nameFile(store: ObjectStore, file: CommittedFile, root: string): Promise<void> {
  const staged = stagedPath(file.path);
  const bytes = (await store.get(staged)) ?? (await store.get(file.path));
  const isWhole = bytes !== undefined && bytes.length === file.size && crc32(bytes) === file.crc32;
  if (isWhole && (await store.move(staged, file.path))) return;
  throw new DataflowError(
    "DF_STAGED_LOST",
    `The staged file "${staged}" in "${root}" is ` +
      `${bytes === undefined ? "gone" : `damaged (${bytes.length} bytes, ${file.size} were written)`}. ` +
      "Put it back, or start anew with a new state directory and a new path.",
  );
}

/**
 * Where a file lies until it is committed: hidden from Spark by the dot, from any `*.parquet` pattern by the ending.
 */
export function stagedPath(path: string): string {
  const name = path.lastIndexOf("/") + 1;
  return `${path.slice(0, name)}.${path.slice(name)}.staged`;
}
