/** Rows that are decided, in files of their own where they are many. */
import { closeSync, fsyncSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { present } from "../assert.ts";
import { DataflowError, reasonOf } from "../error.ts";
import { keepName } from "./keep-names.ts";

/** Held bytes of an epoch from which on they lie in a file: a database writes what it is given twice, and tidies up. */
export const SPOOLED_BYTES_MIN: number = 256 * 1024;

/**
 * Files beside the database, each written once, from its begin to its end, and removed as a whole. The database says
 * which of them count: a file that it does not name was never decided, or is delivered.
 */
export interface Spool {
  /** Writes parts behind those that this process has written; the first ones make the file. */
  append(name: string, parts: readonly Uint8Array[]): void;
  /** Ends a file: all of it, and its name, are durable once this returns. */
  seal(name: string): void;
  /** Lets go of files that were not sealed; whoever is next removes them. */
  close(): void;
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
  /** Files that are not yet sealed. */
  const begun = new Map<string, number>();
  const end = (name: string): void => {
    const file = begun.get(name);
    begun.delete(name);
    if (file !== undefined) closeSync(file);
  };
  const remove = (name: string): void => {
    end(name);
    rmSync(join(directory, name), { force: true });
  };
  /** A full disk needs the room of what cannot be ended. */
  const orRemove = (name: string, work: () => void): void => {
    try {
      work();
    } catch (thrown) {
      remove(name);
      throw thrown;
    }
  };
  return {
    append: (name, parts) =>
      orRemove(name, () => {
        const file = begun.get(name) ?? openSync(join(directory, name), "wx");
        begun.set(name, file);
        for (const part of parts) writeAll(file, part);
      }),
    seal: (name) =>
      orRemove(name, () => {
        fsyncSync(present(begun.get(name), name));
        end(name);
        keepName(directory);
      }),
    close: () => {
      for (const name of begun.keys()) end(name);
    },
    read: (name, place, length) => {
      try {
        const bytes = new Uint8Array(length);
        const found = readAt(join(directory, name), bytes, place);
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
function readAt(path: string, into: Uint8Array, place: number): number {
  const file = openSync(path, "r");
  try {
    let at = 0;
    for (let got = -1; at < into.length && got !== 0; at += got) {
      got = readSync(file, into, at, into.length - at, place + at);
    }
    return at;
  } finally {
    closeSync(file);
  }
}

function corrupt(path: string, what: string): DataflowError {
  return new DataflowError(
    "DF_STATE_CORRUPT",
    `The state is damaged: rows that are decided and not yet delivered lie in ${path}, but ${what}. Put back the newest copy of its whole directory, or start with a new state directory (--state-dir) and new targets.`,
  );
}
