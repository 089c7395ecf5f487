import { closeSync, openSync, read, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DataflowError, reasonOf } from "../error.ts";
import type { ScratchFile } from "../state/scratch.ts";
import { makeDirectory } from "./make-directory.ts";

/** Milliseconds of a read that does not come from the page cache. */
const SLOW_MS = 0.02;
/** Of so many pieces that are announced one is measured, and not read ahead. More than are announced at a time. */
const PROBE_EVERY = 64;
/** What one probe counts for. */
const PROBE_WEIGHT = 1 / 8;
/** Reads ahead that are under way at most; of each at most so many bytes are asked for. */
const UNDER_WAY_MAX = 8192;
const AHEAD_BYTES_MAX = 64 * 1024;

/**
 * A scratch file in the directory of a state. It has no name once it is open, so that nothing is left of it when the
 * process ends, however that comes about; where an open file cannot lose its name, the next run writes over it. Each
 * thread of a run has one of its own.
 * @throws DF_SCRATCH
 */
export function openScratchFile(directory: string, thread: number = 0): ScratchFile {
  const path = join(directory, thread === 0 ? "scratch" : `scratch-${thread}`);
  let file: number;
  try {
    makeDirectory(directory);
    file = openSync(path, "w+", 0o600);
  } catch (cause) {
    throw failed(directory, "written to", cause);
  }
  rmSync(path, { force: true });
  return new OpenScratchFile(file, directory);
}

/**
 * Reads are synchronous, so one waits for the disk after the other. Where they are slow, pieces that are announced are
 * read by the threads of Node too, at the same time and to no use but that they then lie in the page cache.
 */
class OpenScratchFile implements ScratchFile {
  readonly #file: number;
  readonly #directory: string;
  /** What is read ahead: nobody looks at it. */
  readonly #unused = new Uint8Array(AHEAD_BYTES_MAX);
  #readMs = 0;
  #announced = 0;
  /** Where the piece begins that is measured next. */
  #probe = -1;
  #underWay = 0;
  #isClosed = false;

  constructor(file: number, directory: string) {
    this.#file = file;
    this.#directory = directory;
  }

  write(bytes: Uint8Array, atBytes: number): void {
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#file, bytes, done, bytes.length - done, atBytes + done);
    } catch (cause) {
      throw failed(this.#directory, "written to", cause);
    }
  }

  read(into: Uint8Array, atBytes: number): void {
    if (atBytes !== this.#probe) return this.#read(into, atBytes);
    const start = performance.now();
    this.#read(into, atBytes);
    this.#readMs += (performance.now() - start - this.#readMs) * PROBE_WEIGHT;
  }

  ahead(sizeBytes: number, atBytes: number): void {
    if (this.#announced++ % PROBE_EVERY === 0) this.#probe = atBytes;
    else if (this.#readMs >= SLOW_MS && this.#underWay < UNDER_WAY_MAX) {
      this.#underWay++;
      const bytes = Math.min(sizeBytes, AHEAD_BYTES_MAX);
      read(this.#file, this.#unused, 0, bytes, atBytes, () => {
        this.#underWay--;
        if (this.#isClosed && this.#underWay === 0) closeSync(this.#file);
      });
    }
  }

  /** Not before reads have come back: another file could have its number by then. */
  close(): void {
    this.#isClosed = true;
    if (this.#underWay === 0) closeSync(this.#file);
  }

  #read(into: Uint8Array, atBytes: number): void {
    let done = 0;
    try {
      for (let count = -1; done < into.length && count !== 0; done += count)
        count = readSync(this.#file, into, done, into.length - done, atBytes + done);
    } catch (cause) {
      throw failed(this.#directory, "read from", cause);
    }
    if (done < into.length) throw failed(this.#directory, "read from", `it ends at byte ${atBytes + done}`);
  }
}

function failed(directory: string, what: string, cause: unknown): DataflowError {
  return new DataflowError(
    "DF_SCRATCH",
    `Rows of state that do not fit stateBudget cannot be ${what} the scratch file in ${directory}: ${reasonOf(cause)}. Free disk space there (or allow larger files, ulimit -f), name a state directory on another disk with --state-dir, or raise stateBudget; then run it again: it goes on from the last checkpoint.`,
    { cause },
  );
}
