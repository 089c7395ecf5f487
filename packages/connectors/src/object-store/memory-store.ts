import { crc32 } from "node:zlib";
import type { ObjectStore, ObjectWriter } from "./object-store.ts";

/** An object store in memory, for tests: keeps its own copies, and lists like all stores. */
export function memoryStore(objects: Map<string, Uint8Array> = new Map()): ObjectStore {
  const put = async (path: string, bytes: Uint8Array): Promise<void> => {
    objects.set(path, bytes.slice());
  };
  return {
    get: async (path) => objects.get(path)?.slice(),
    digest: async (path) => {
      const bytes = objects.get(path);
      return bytes === undefined ? undefined : { size: bytes.length, crc32: crc32(bytes) };
    },
    create: async (path) => collector((bytes) => put(path, bytes)),
    put,
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

/** Keeps the parts of an object until it can be put. */
export function collector(put: (bytes: Uint8Array) => Promise<void>): ObjectWriter {
  const parts: Uint8Array[] = [];
  return {
    write: async (bytes) => {
      parts.push(bytes.slice());
    },
    finish: () => put(Buffer.concat(parts)),
    abandon: async () => {
      parts.length = 0;
    },
  };
}
