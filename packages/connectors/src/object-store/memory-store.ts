import type { ObjectStore } from "./object-store.ts";

/** An object store in memory, for tests: keeps its own copies, and lists like all stores. */
export function memoryStore(objects: Map<string, Uint8Array> = new Map()): ObjectStore {
  return {
    get: async (path) => objects.get(path)?.slice(),
    put: async (path, bytes) => {
      objects.set(path, bytes.slice());
    },
    putIfAbsent: async (path, bytes) => {
      if (objects.has(path)) return false;
      objects.set(path, bytes.slice());
      return true;
    },
    move: async (from, to) => {
      const bytes = objects.get(from);
      if (bytes === undefined) return objects.has(to);
      objects.delete(from);
      objects.set(to, bytes);
      return true;
    },
    list: async (prefix) =>
      [...objects]
        .filter(([path]) => path.startsWith(prefix))
        .map(([path, bytes]) => ({ path, size: bytes.length }))
        .toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
    delete: async (path) => {
      objects.delete(path);
    },
  };
}
