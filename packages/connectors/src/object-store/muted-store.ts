import type { ObjectStore } from "./object-store.ts";

/** A store as it is to whoever reads it; what is written to it is not kept. */
export function mutedStore(store: ObjectStore): ObjectStore {
  return {
    get: (path) => store.get(path),
    digest: (path) => store.digest(path),
    list: (prefix) => store.list(prefix),
    create: async () => ({ write: async () => {}, finish: async () => {}, abandon: async () => {} }),
    put: async () => {},
    putIfAbsent: async () => true,
    move: async () => true,
    delete: async () => {},
  };
}
