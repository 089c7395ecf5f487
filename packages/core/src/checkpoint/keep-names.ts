import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DataflowError, reasonOf } from "../error.ts";

/** Codes of errors that say that a directory is not ours to fsync, or takes none. */
export const NOT_OURS: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EINVAL", "EROFS", "ENOTSUP"]);

/**
 * Makes the names of a directory, and of all that lead to it, as durable as what will be acknowledged below it: we, or
 * a process that was killed before it could, may just have made them. SQLite does this for its files only.
 * @throws DF_STATE_NOT_DURABLE
 */
export function keepNames(directory: string): void {
  // Windows has no handle for this and orders names by itself (NTFS journal).
  if (process.platform === "win32") return;
  for (let at = directory; ; at = dirname(at)) {
    try {
      syncDirectory(at);
    } catch (cause) {
      if (!NOT_OURS.has((cause as { readonly code?: unknown }).code)) {
        throw new DataflowError(
          "DF_STATE_NOT_DURABLE",
          `The names in ${at}, which lead to ${directory}, cannot be made durable: ${reasonOf(cause)}. Use a local disk.`,
          { cause },
        );
      }
    }
    if (at === dirname(at)) return;
  }
}

/** Makes the names in one directory durable, where the system lets us. */
export function keepName(directory: string): void {
  if (process.platform === "win32") return;
  try {
    syncDirectory(directory);
  } catch (thrown) {
    if (!NOT_OURS.has((thrown as { readonly code?: unknown }).code)) throw thrown;
  }
}

function syncDirectory(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
