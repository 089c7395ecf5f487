/** Data files that wait for their commit under hidden names. */
import { crc32 } from "node:zlib";
import { DataflowError } from "@df/core";
import type { ObjectStore, ObjectWriter } from "../object-store/object-store.ts";
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
export async function stageFile(
  store: ObjectStore,
  { path, bytes, ...about }: DataFile,
): Promise<CommittedFile> {
  await store.put(stagedPath(path), bytes);
  return { path, size: bytes.length, crc32: crc32(bytes), ...about };
}

/** A file that is staged part by part, so that it need not fit into memory. */
export class StagedFile {
  /** Bytes so far. */
  size = 0;
  readonly #path: string;
  readonly #writer: ObjectWriter;
  #crc32 = 0;

  private constructor(path: string, writer: ObjectWriter) {
    this.#path = path;
    this.#writer = writer;
  }

  /** Begins a file of that name, once it is committed: see `DataFile`. */
  static async begin(store: ObjectStore, path: string): Promise<StagedFile> {
    return new StagedFile(path, await store.create(stagedPath(path)));
  }

  /** Adds bytes, whose memory may be used again once this settles. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
    this.#crc32 = crc32(bytes, this.#crc32);
    this.size += bytes.length;
  }

  /** Stores it durably where nobody looks for it. */
  async finish(about: Pick<DataFile, "rows" | "partition">): Promise<CommittedFile> {
    await this.#writer.finish();
    return { path: this.#path, size: this.size, crc32: this.#crc32, ...about };
  }

  /** Leaves nothing behind, unless it is finished. */
  abandon(): Promise<void> {
    return this.#writer.abandon();
  }
}

/**
 * Gives a file that this process has just staged its name: its bytes were hashed as they were written, and were durable
 * before anybody knew of them, so they are not read again. False when it is gone.
 */
export function nameOwnFile(store: ObjectStore, { path }: CommittedFile): Promise<boolean> {
  return store.move(stagedPath(path), path);
}

/**
 * Gives a staged file its name, once it has proved to be what was staged. Done again it changes nothing.
 * @throws DF_STAGED_LOST, naming the directory `root`
 */
export async function nameFile(store: ObjectStore, file: CommittedFile, root: string): Promise<void> {
  const staged = stagedPath(file.path);
  const found = (await store.digest(staged)) ?? (await store.digest(file.path));
  const isWhole = found?.size === file.size && found.crc32 === file.crc32;
  if (isWhole && (await store.move(staged, file.path))) return;
  throw new DataflowError(
    "DF_STAGED_LOST",
    `The staged file "${staged}" in "${root}" is ` +
      `${found === undefined ? "gone" : `damaged (${found.size} bytes, ${file.size} were written)`}. ` +
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
