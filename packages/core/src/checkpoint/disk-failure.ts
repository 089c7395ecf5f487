import { DataflowError, reasonOf } from "../error.ts";

/** What SQLite says when the system refuses it the disk. */
const REFUSED = /^SQLITE_(?:FULL|IOERR|CANTOPEN|READONLY|NOMEM)/;

/**
 * What SQLite says of a state on a disk that is full, limited, read-only or broken, in words; undefined for any other
 * error. What was stored stays; a transaction that did not end is not there.
 */
export function diskFailureOf(file: string, thrown: unknown): DataflowError | undefined {
  const { code: said = "" } = thrown as { readonly code?: string };
  if (!REFUSED.test(said)) return undefined;
  return new DataflowError(
    "DF_STATE_IO",
    `The state ${file} cannot be read or written: ${reasonOf(thrown)} (${said}). Look at its disk (room, permissions) and at the limits on the size of files (ulimit -f) and on open ones (ulimit -n). Then run it again: it goes on from the last checkpoint.`,
    { cause: thrown },
  );
}
