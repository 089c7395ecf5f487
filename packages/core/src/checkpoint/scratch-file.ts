import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DataflowError, reasonOf } from "../error.ts";
import type { ScratchFile } from "../state/scratch.ts";

/**
 * A scratch file in the directory of a state. It has no name once it is open, so that nothing is left of it when the
 * process ends, however that comes about; where an open file cannot lose its name, the next run writes over it.
 * @throws DF_SCRATCH
 */
export function openScratchFile(directory: string): ScratchFile {
  const path = join(directory, "scratch");
  const failed = (what: string, cause: unknown): DataflowError =>
    new DataflowError(
      "DF_SCRATCH",
      `Rows of state that do not fit stateBudget cannot be ${what} the scratch file in ${directory}: ${reasonOf(cause)}. Free disk space there (or allow larger files, ulimit -f), name a state directory on another disk with --state-dir, or raise stateBudget; then run it again: it goes on from the last checkpoint.`,
      { cause },
    );
  let file: number;
  try {
    mkdirSync(directory, { recursive: true });
    file = openSync(path, "w+", 0o600);
  } catch (cause) {
    throw failed("written to", cause);
  }
  rmSync(path, { force: true });
  return {
    write: (bytes, atBytes) => {
      try {
        for (let done = 0; done < bytes.length;)
          done += writeSync(file, bytes, done, bytes.length - done, atBytes + done);
      } catch (cause) {
        throw failed("written to", cause);
      }
    },
    read: (into, atBytes) => {
      let done = 0;
      try {
        for (let read = -1; done < into.length && read !== 0; done += read)
          read = readSync(file, into, done, into.length - done, atBytes + done);
      } catch (cause) {
        throw failed("read from", cause);
      }
      if (done < into.length) throw failed("read from", `it ends at byte ${atBytes + done}`);
    },
    close: () => closeSync(file),
  };
}
