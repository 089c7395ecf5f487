/** Targets in memory: what a process has delivered to `memorySink()` sinks, by name. */
import { DataflowError } from "@df/core";
import type { Marker } from "@df/core";

/** A row as it was delivered: +1 added or upserted, −1 deleted. */
export interface MemoryChange {
  readonly row: Readonly<Record<string, unknown>>;
  readonly diff: number;
}

/** Row hashes by canonical key, undefined for rows that are deleted. */
export type RowHashes = ReadonlyMap<string, Uint8Array | undefined>;

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
  /** What each version made of them; undefined for a row that was deleted. */
  readonly #history: RowHashes[] = [];
  readonly #failures: MemoryFailure[] = [];

  /** Shows what a delivery has staged. */
  show(changes: readonly MemoryChange[], hashes: RowHashes, marker: Marker): void {
    for (const change of changes) this.changes.push(change);
    addHashes(this.hashes, hashes);
    this.#history.push(hashes);
    this.marker = marker;
    this.version++;
  }

  /** The hashes that it had at a version. */
  hashesAt(version: number): ReadonlyMap<string, Uint8Array> {
    const present = new Map<string, Uint8Array>();
    for (const hashes of this.#history.slice(0, version)) addHashes(present, hashes);
    return present;
  }

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

function addHashes(present: Map<string, Uint8Array>, hashes: RowHashes): void {
  for (const [key, hash] of hashes) {
    if (hash === undefined) present.delete(key);
    else present.set(key, hash);
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
