/** Rows that are decided, in files of their own where they are many. */
import { closeSync, fsyncSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DataflowError, reasonOf } from "../error.ts";
import { keepName } from "./keep-names.ts";

/** Held bytes of an epoch from which on they lie in a file: a database writes what it is given twice, and tidies up. */
export const SPOOLED_BYTES_MIN: number = 256 * 1024;

/**
 * Files beside the database, each written once, in one go, and removed as a whole. The database says which of them
 * count: a file that it does not name was never decided, or is delivered.
 */
export interface Spool {
  /** Writes parts one behind the other. They and the name are durable once this returns. */
  write(name: string, parts: readonly Uint8Array[]): void;
  /** @throws DF_STATE_CORRUPT for a file that is gone or too short */
  read(name: string, place: number, length: number): Uint8Array;
  /** Removes a file; does nothing where it is gone. */
  remove(name: string): void;
  /** Removes all files but those. */
  keepOnly(names: ReadonlySet<string>): void;
}

/** The name of a file of an epoch. Two processes never write one file, even where both take the state for theirs. */
export function spoolName(owner: number, epoch: number): string {
  return `held-${owner}-${epoch}.frames`;
}

/** Whether a file of a state directory is one of a spool. */
export function isSpoolName(name: string): boolean {
  return /^held-\d+-\d+\.frames$/.test(name);
}

/** The files of a state directory. Errors of the system come as they are. */
export function directorySpool(directory: string): Spool {
  const opened = <T>(name: string, flags: "wx" | "r", work: (file: number) => T): T => {
    const file = openSync(join(directory, name), flags);
    try {
      return work(file);
    } finally {
      closeSync(file);
    }
  };
  const remove = (name: string): void => rmSync(join(directory, name), { force: true });
  return {
    write: (name, parts) => {
      try {
        opened(name, "wx", (file) => {
          for (const part of parts) writeAll(file, part);
          fsyncSync(file);
        });
        keepName(directory);
      } catch (thrown) {
        // A full disk needs the room.
        remove(name);
        throw thrown;
      }
    },
    read: (name, place, length) => {
      try {
        const bytes = new Uint8Array(length);
        const found = opened(name, "r", (file) => readAll(file, bytes, place));
        if (found === length) return bytes;
        throw corrupt(join(directory, name), `it ends at byte ${place + found} instead of ${place + length}`);
      } catch (cause) {
        if ((cause as { readonly code?: unknown }).code !== "ENOENT") throw cause;
        throw corrupt(join(directory, name), reasonOf(cause));
      }
    },
    remove,
    keepOnly: (names) => {
      for (const name of readdirSync(directory)) {
        if (isSpoolName(name) && !names.has(name)) remove(name);
      }
    },
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** How many bytes there are, at most as many as fit. */
function readAll(file: number, into: Uint8Array, place: number): number {
  let at = 0;
  for (let got = -1; at < into.length && got !== 0; at += got) {
    got = readSync(file, into, at, into.length - at, place + at);
  }
  return at;
}

function corrupt(path: string, what: string): DataflowError {
  return new DataflowError(
    "DF_STATE_CORRUPT",
    `The state is damaged: rows that are decided and not yet delivered lie in ${path}, but ${what}. Put back the newest copy of its whole directory, or start with a new state directory (--state-dir) and new targets.`,
  );
}
