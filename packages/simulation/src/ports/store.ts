/** A table's object store in another place: requests take time, and may arrive when their sender is gone. */
import { collector, memoryStore } from "@df/connectors/object-store/memory-store";
import type { ObjectStore } from "@df/connectors/object-store/object-store";
import { DataflowError } from "@df/core";
import type { Phase, Process, World } from "../world.ts";

/** The objects of one table, which outlive all processes. */
export class Bucket {
  readonly objects: Map<string, Uint8Array>;
  /** The objects without a network in between: for who checks, and for other writers. */
  readonly direct: ObjectStore;
  /** Virtual ms that a request takes at most. */
  latencyMs = 5;

  constructor(objects: Map<string, Uint8Array> = new Map()) {
    this.objects = objects;
    this.direct = memoryStore(objects);
  }

  /** The store as a process sees it. */
  seenBy(world: World, process: Process, table: string): ObjectStore {
    const { direct } = this;
    const sent = <T>(what: string, phase: Phase, effect: () => Promise<T>): Promise<T> =>
      world.request(process, `${table} ${what}`, phase, world.random.below(this.latencyMs + 1), effect);
    const asked = <T>(what: string, effect: () => Promise<T>): Promise<T> =>
      world.read(process, `${table} ${what}`, { delayMs: world.random.below(this.latencyMs + 1) }, effect);
    const put = (path: string, bytes: Uint8Array): Promise<void> =>
      sent(`put ${path}`, isLog(path) ? "other" : "stage", () => direct.put(path, bytes));
    return withoutRaces(direct, {
      digest: (path) => asked(`digest ${path}`, () => direct.digest(path)),
      // What is written part by part is sent as a whole.
      create: async (path) => collector((bytes) => put(path, bytes)),
      put: (path, given) => put(path, given.slice()),
      get: (path) => asked(`get ${path}`, () => direct.get(path)),
      list: (prefix) => asked(`list ${prefix}`, () => direct.list(prefix)),
      putIfAbsent: (path, given) => {
        const bytes = given.slice();
        return sent(`putIfAbsent ${path}`, isLog(path) ? "commit" : "other", () =>
          direct.putIfAbsent(path, bytes),
        );
      },
      move: (from, to) => sent(`move ${from} ${to}`, "commit", () => direct.move(from, to)),
      delete: (path) => sent(`delete ${path}`, "other", () => direct.delete(path)),
    });
  }
}

/** The self-test of stores (`raceTest`) is no part of the protocol: it is answered at once. */
function withoutRaces(direct: ObjectStore, seen: ObjectStore): ObjectStore {
  const storeOf = (path: string): ObjectStore => (path.startsWith("_race-") ? direct : seen);
  return {
    ...seen,
    get: (path) => storeOf(path).get(path),
    putIfAbsent: (path, bytes) => storeOf(path).putIfAbsent(path, bytes),
    delete: (path) => storeOf(path).delete(path),
  };
}

/** An error that a fault has made: a run may end with it. */
export function injected(what: string): DataflowError {
  return new DataflowError("DF_STORE_IO", `${what} (injected)`, { transient: true });
}

/** Whether an error comes from a fault. */
export function isInjected(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.includes("(injected)");
}

function isLog(path: string): boolean {
  return path.startsWith("_delta_log/") || path.startsWith("_commits/");
}
