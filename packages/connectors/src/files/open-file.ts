import { readSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { DataflowError } from "@df/core";
import { type FileSystem, fileSystemOf } from "@df/core/checkpoint/file-system";
import { Nearness } from "./nearness.ts";
import { HEAD_BYTES_MAX } from "./position.ts";
import type { FilePosition } from "./position.ts";

/** A file that is open for reading. What goes wrong with it names it. */
export class OpenFile {
  readonly path: string;
  /** CRC-32 of its first `headBytes` bytes. */
  head = 0;
  headBytes = 0;
  readonly #handle: FileHandle;
  readonly #nearness: Nearness = new Nearness();
  #fileSystem: FileSystem | undefined;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** @throws DF_FILE where it cannot be opened */
  static async open(path: string): Promise<OpenFile> {
    return new OpenFile(path, await named(path, "opened", () => open(path, "r")));
  }

  /** Reads bytes from `from` on into the beginning of `into`; how many. Fewer than fit: the file ends there. */
  read(into: Uint8Array, from: number): Promise<number> {
    return named(this.path, "read", async () => {
      if (this.isNear) {
        const began = performance.now();
        const bytesRead = readSync(this.#handle.fd, into, 0, into.length, from);
        this.#nearness.readHere(performance.now() - began);
        return bytesRead;
      }
      const { bytesRead } = await this.#handle.read(into, 0, into.length, from);
      this.#nearness.readAside();
      return bytesRead;
    });
  }

  /** Whether the next bytes are read on this thread. */
  get isNear(): boolean {
    return this.#nearness.isNear && !this.#isRemote;
  }

  /** A network may stop to answer: nothing of it is waited for on this thread. */
  get #isRemote(): boolean {
    return (this.#fileSystem ??= fileSystemOf(this.path)).kind === "network";
  }

  /** How long it is now, in bytes. @throws DF_POSITION where that is less than what was read */
  async size(needed: number): Promise<number> {
    const { size } = await named(this.path, "looked at", () => this.#handle.stat());
    if (size < needed) throw this.shrunk(needed, size);
    return size;
  }

  /** The first bytes, at most `HEAD_BYTES_MAX`. */
  async begins(): Promise<Uint8Array> {
    const head = new Uint8Array(HEAD_BYTES_MAX);
    return head.subarray(0, await this.read(head, 0));
  }

  /** Refuses a file that is not the one of which `needed` bytes had been read. @throws DF_POSITION */
  async check({ head, headBytes }: FilePosition, begin: Uint8Array, needed: number): Promise<void> {
    await this.size(needed);
    if (crc32(begin.subarray(0, headBytes)) === head) return;
    throw new DataflowError(
      "DF_POSITION",
      `${this.path} begins with other bytes than when it was read up to byte ${needed}: it was replaced or ` +
        "rewritten. Give new data a new name, or begin again with a new state directory and target.",
    );
  }

  /** Takes the fingerprint of its first bytes. */
  async keepHead(needed: number): Promise<void> {
    const head = new Uint8Array(needed);
    const bytesRead = await this.read(head, 0);
    if (bytesRead < needed) throw this.shrunk(needed, bytesRead);
    this.head = crc32(head);
    this.headBytes = needed;
  }

  /** The refusal of a file that has become shorter. */
  shrunk(needed: number, size: number): DataflowError {
    return new DataflowError(
      "DF_POSITION",
      `${this.path} has ${size} bytes, but was read up to byte ${needed}: it was cut off or replaced. ` +
        "Put it back, or begin again with a new state directory and target.",
    );
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function named<T>(path: string, done: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new DataflowError("DF_FILE", `${path} cannot be ${done}.`, { cause });
  }
}
