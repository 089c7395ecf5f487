import { randomUUID } from "node:crypto";
import { type FileHandle, link, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { DataflowError, reasonOf } from "@df/core";
import { NOT_OURS } from "@df/core/checkpoint/keep-names";
import { makeDirectory } from "@df/core/checkpoint/make-directory";
import type { Digest, ObjectStore, ObjectWriter, StoredObject } from "./object-store.ts";

/** Begins the name of a file that is being written; listings leave such files out. */
const TEMPORARY = ".tmp-";
/** Bytes that are looked at at once where only a digest is wanted. */
const DIGESTED_BYTES = 256 * 1024;
/** Directories known to be durable that are remembered. */
const DIRECTORIES_MAX = 10_000;

/**
 * A directory as an object store. Files and the directories that name them are fsynced before a call returns, and a
 * file appears whole or not at all (written under a temporary name, then renamed or linked). A killed writer leaves a
 * `.tmp-` file behind, which nobody reads.
 */
export function localStore(root: string): ObjectStore {
  const base = resolve(root);
  const makeDurable = directoryMaker(base);

  async function begin(target: string): Promise<Temporary> {
    await makeDurable(dirname(target));
    return Temporary.open(dirname(target));
  }

  /** A durable copy of the bytes under a name of its own beside `target`. */
  async function copy(target: string, bytes: Uint8Array): Promise<string> {
    const file = await begin(target);
    await file.write(bytes);
    return file.end();
  }

  return {
    get: (path) => asStoreErrors(`read "${path}" in "${base}"`, () => read(locate(base, path))),

    digest: (path) => asStoreErrors(`read "${path}" in "${base}"`, () => digest(locate(base, path))),

    create: async (path) => {
      const named = <T>(call: () => Promise<T>): Promise<T> =>
        asStoreErrors(`write "${path}" in "${base}"`, call);
      const target = await named(async () => locate(base, path));
      const file = await named(() => begin(target));
      return {
        write: (bytes) => named(() => file.write(bytes)),
        finish: () => named(async () => replace(await file.end(), target)),
        abandon: () => named(() => file.giveUp()),
      } satisfies ObjectWriter;
    },

    put: (path, bytes) =>
      asStoreErrors(`write "${path}" in "${base}"`, async () => {
        const target = locate(base, path);
        await replace(await copy(target, bytes), target);
      }),

    putIfAbsent: (path, bytes) =>
      asStoreErrors(`write "${path}" in "${base}"`, async () => {
        const target = locate(base, path);
        return linkIfAbsent(await copy(target, bytes), target);
      }),

    move: (from, to) =>
      asStoreErrors(`move "${from}" to "${to}" in "${base}"`, async () => {
        const [source, target] = [locate(base, from), locate(base, to)];
        await makeDurable(dirname(target));
        return move(source, target);
      }),

    list: (prefix) =>
      asStoreErrors(`list "${prefix}" in "${base}"`, async () => {
        const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
        if (folder !== "") locate(base, folder.slice(0, -1));
        const found: StoredObject[] = [];
        await walk(base, folder, prefix, found);
        return found.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
      }),

    delete: (path) => asStoreErrors(`delete "${path}" in "${base}"`, () => remove(locate(base, path))),
  };
}

/**
 * Makes directories, and all that lead to them, durable: each once per process. Those above the root too, whoever made
 * them: another sink of ours may be about to, or a process that was killed before it could.
 */
function directoryMaker(base: string): (path: string) => Promise<void> {
  const durable = new Set<string>();
  return async (path) => {
    const made = makeDirectory(path);
    if (made === undefined && durable.has(path)) return;
    const isRootKept = durable.size > 0 && (made === undefined || made.length > base.length);
    for (let at = path; ; at = dirname(at)) {
      try {
        await syncDirectory(at);
      } catch (error) {
        if (at.length >= base.length || !NOT_OURS.has(codeOf(error))) throw error;
      }
      if (at === (isRootKept ? base : dirname(at))) break;
    }
    if (durable.size >= DIRECTORIES_MAX) durable.clear();
    durable.add(path);
  };
}

/** A new file that nobody reads. Where a call fails it is gone. */
class Temporary {
  readonly #path: string;
  readonly #file: FileHandle;
  #isOpen = true;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(folder: string): Promise<Temporary> {
    const path = join(folder, TEMPORARY + randomUUID());
    return new Temporary(path, await open(path, "wx"));
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#orGone(() => this.#file.writeFile(bytes));
  }

  /** Makes its bytes durable; returns its path. */
  async end(): Promise<string> {
    await this.#orGone(() => this.#file.sync());
    await this.#close();
    return this.#path;
  }

  async giveUp(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#close();
    await remove(this.#path);
  }

  async #orGone<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      await this.giveUp().catch(() => undefined);
      throw error;
    }
  }

  async #close(): Promise<void> {
    this.#isOpen = false;
    await this.#file.close();
  }
}

async function replace(made: string, target: string): Promise<void> {
  try {
    await rename(made, target);
  } catch (error) {
    await unlink(made).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(target));
}

/** Whether this file got the name; the temporary one is gone either way. */
async function linkIfAbsent(made: string, target: string): Promise<boolean> {
  let won = true;
  try {
    await link(made, target);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    won = false;
  } finally {
    await unlink(made);
  }
  // Also for the loser: it may be about to rely on a name whose writer was killed before its own fsync.
  await syncDirectory(dirname(target));
  return won;
}

async function move(source: string, target: string): Promise<boolean> {
  try {
    await rename(source, target);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    if ((await sizeOf(target)) === undefined) return false;
  }
  await syncDirectory(dirname(target));
  if (dirname(source) !== dirname(target)) await syncDirectory(dirname(source));
  return true;
}

/**
 * The file of a path.
 * @throws DF_PATH for whatever could lie outside of the root, on any platform
 */
function locate(base: string, path: string): string {
  const segments = path.split("/");
  const isRefused = segments.some(
    (segment) =>
      segment === "" ||
      segment === "." ||
      segment === ".." ||
      segment.startsWith(TEMPORARY) ||
      segment.includes("\0") ||
      segment.includes("\\"),
  );
  if (isRefused) {
    throw new DataflowError(
      "DF_PATH",
      `${JSON.stringify(path)} is no path in the store "${base}". Paths are relative, divided by "/", without empty, ` +
        `".", ".." or "${TEMPORARY}" segments and without "\\" and NUL.`,
    );
  }
  return join(base, ...segments);
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === "EISDIR") return undefined;
    throw error;
  }
}

async function digest(path: string): Promise<Digest | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const part = new Uint8Array(DIGESTED_BYTES);
    let [size, sum] = [0, 0];
    for (;;) {
      const { bytesRead } = await file.read(part, 0, part.length, size);
      if (bytesRead === 0) return { size, crc32: sum };
      sum = crc32(part.subarray(0, bytesRead), sum);
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** Adds the files below `folder` ("" or ending in "/") whose path begins with the prefix. */
async function walk(base: string, folder: string, prefix: string, found: StoredObject[]): Promise<void> {
  let entries;
  try {
    entries = await readdir(join(base, folder), { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  for (const entry of entries) {
    if (entry.name.startsWith(TEMPORARY)) continue;
    const path = folder + entry.name;
    if (entry.isDirectory()) {
      if (path.startsWith(prefix) || prefix.startsWith(`${path}/`))
        await walk(base, `${path}/`, prefix, found);
    } else if (entry.isFile() && path.startsWith(prefix)) {
      const size = await sizeOf(join(base, path));
      if (size !== undefined) found.push({ path, size });
    }
  }
}

/** Bytes of a file; undefined when it has gone since it was listed. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no handle for this and orders names by itself (NTFS journal).
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

const TRANSIENT: ReadonlySet<string | undefined> = new Set([
  "EAGAIN",
  "EBUSY",
  "EMFILE",
  "ENFILE",
  "ETIMEDOUT",
]);

/** Runs a call on the file system and says in our words what it could not do. */
async function asStoreErrors<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DataflowError) throw error;
    throw new DataflowError(
      "DF_STORE_IO",
      `Could not ${what}: ${reasonOf(error)}. Whether it took place is unknown; check the disk and its permissions.`,
      { cause: error, transient: TRANSIENT.has(codeOf(error)) },
    );
  }
}
