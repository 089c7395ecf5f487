/** What SQLite says of a state that it cannot read or write, in words. */
import { DataflowError, reasonOf } from "../error.ts";

/** What SQLite says when the system refuses it the disk, and what the system says of the files beside its own. */
const REFUSED =
  /^SQLITE_(?:FULL|IOERR|CANTOPEN|READONLY|NOMEM)|^E(?:NOSPC|DQUOT|FBIG|IO|MFILE|NFILE|ROFS|ACCES|PERM|NOENT)$/;

/**
 * What SQLite, or the system, says of a state on a disk that is full, limited, read-only or broken, in words; undefined
 * for any other error. What was stored stays; a transaction that did not end is not there.
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

/** What SQLite says of a file that is no state, or no longer one, in words; undefined for any other error. */
export function damageOf(file: string, thrown: unknown): DataflowError | undefined {
  const { code = "" } = thrown as { readonly code?: string };
  if (code !== "SQLITE_NOTADB" && !code.startsWith("SQLITE_CORRUPT")) return undefined;
  return new DataflowError(
    "DF_STATE_CORRUPT",
    `The state ${file} is damaged: ${reasonOf(thrown)}. Put back the newest copy of its directory, or start with a new state directory (--state-dir) and new targets.`,
    { cause: thrown },
  );
}
