/** Targets in memory: what a process has delivered to `memorySink()` sinks, by name. */
import { DataflowError } from "@df/core";
import type { Marker } from "@df/core";

/** A row as it was delivered: +1 added or upserted, −1 deleted. */
export interface MemoryChange {
  readonly row: Readonly<Record<string, unknown>>;
  readonly diff: number;
}

/** Where a simulated failure strikes: while staging, or before or after a commit takes effect. */
export type MemoryFailure = "stage" | "before commit" | "after commit";

/** What one `memorySink(name)` has shown. Lives as long as the process: committers come and go. */
export class MemoryTarget {
  /** Every change that was committed, in the order of the commits. */
  readonly changes: MemoryChange[] = [];
  /** Number of commits. */
  version = 0;
  marker: Marker | undefined;
  /** Hashes of the rows present, by canonical key; upsert only. */
  readonly hashes: Map<string, Uint8Array> = new Map();
  readonly #failures: MemoryFailure[] = [];

  /** The next call at that place throws DF_MEMORY_FAILURE, which is transient. Failures wait in line. */
  failNext(where: MemoryFailure): void {
    this.#failures.push(where);
  }

  /** A place where a failure may strike. @throws DF_MEMORY_FAILURE */
  point(where: MemoryFailure): void {
    const at = this.#failures.indexOf(where);
    if (at < 0) return;
    this.#failures.splice(at, 1);
    throw new DataflowError("DF_MEMORY_FAILURE", `A test has let the memory sink fail: ${where}.`, {
      transient: true,
    });
  }
}

const targets = new Map<string, MemoryTarget>();

/** The target of that name, made if it is absent. */
export function memoryTarget(name: string): MemoryTarget {
  let target = targets.get(name);
  if (target === undefined) {
    target = new MemoryTarget();
    targets.set(name, target);
  }
  return target;
}

/** Forgets a target, as if its owner had dropped the table. */
export function dropMemoryTarget(name: string): void {
  targets.delete(name);
}
