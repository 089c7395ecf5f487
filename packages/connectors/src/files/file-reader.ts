import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Json, Polled, SplitReader } from "@df/core";
import { DataflowError, present } from "@df/core";
import type { DecodedLines, OpenLineDecoder } from "@df/formats";
import { HEAD_BYTES_MAX, parsePosition } from "./position.ts";
import type { FilePosition } from "./position.ts";

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** A file, and how to read it. */
export interface FileToRead {
  readonly path: string;
  readonly decoder: OpenLineDecoder;
  readonly follow: boolean;
}

/**
 * Reads the lines of one file. Batches point into the chunks that were read, so what was read is never written over:
 * what is left of a full chunk is copied into the next one.
 */
export class FileReader implements SplitReader {
  readonly #path: string;
  readonly #decoder: OpenLineDecoder;
  readonly #follow: boolean;
  readonly #onClose: () => void;
  readonly #resumed: FilePosition | undefined;
  #file: FileHandle | undefined;
  /** Read, not yet decoded: `#chunk[#from .. #to)`, from `#offset` on in the file. */
  #chunk: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #offset: number;
  #line: "skip" | "taken" | undefined;
  #seen: number | undefined;
  #headBytes = 0;
  #head = 0;

  /** @throws DF_POSITION for what is no position */
  constructor(file: FileToRead, position: Json | undefined, onClose: () => void) {
    this.#path = file.path;
    this.#decoder = file.decoder;
    this.#follow = file.follow;
    this.#onClose = onClose;
    this.#resumed = position === undefined ? undefined : parsePosition(position, file.path);
    this.#offset = this.#resumed?.offset ?? 0;
    this.#line = this.#resumed?.line;
    this.#seen = this.#resumed?.seen;
  }

  /**
   * The next lines of the file.
   * @throws DF_POSITION where the file has shrunk or is another one than before, DF_FILE where it cannot be read
   */
  async poll(rowsMax: number): Promise<Polled | "idle" | "end"> {
    this.#file ??= await this.#open();
    for (;;) {
      if (this.#line !== undefined) {
        const polled = await this.#passLine(this.#line);
        if (polled !== undefined) return polled;
        // The line is passed: what follows it in the chunk may be complete lines.
        if (this.#line === undefined) continue;
      } else if (this.#from < this.#to) {
        const decoded = this.#decode(false, rowsMax);
        if (decoded.cut) this.#line = "skip";
        if (decoded.length > 0 || decoded.invalid.length > 0) return await this.#polled(decoded);
        if (decoded.consumed > 0) continue;
      }
      if (!(await this.#fill())) return await this.#pollEnd();
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#onClose();
    await file?.close();
  }

  /** All bytes there are have been read, and no line is complete. */
  async #pollEnd(): Promise<Polled | "idle" | "end"> {
    const end = this.#offset + this.#to - this.#from;
    const { size } = await this.#named("looked at", () => this.#opened().stat());
    if (size < end) throw this.#shrunk(end, size);
    if (this.#follow) return "idle";
    if (this.#line !== undefined || this.#from === this.#to || end === this.#seen) return "end";
    const start = this.#offset;
    const decoded = this.#decode(true, 1);
    if (decoded.length > 0) this.#line = "taken";
    else {
      this.#seen = end;
      this.#offset = start;
      this.#from = this.#to - (end - start);
      if (decoded.invalid.length === 0) return "end";
    }
    return await this.#polled(decoded);
  }

  /** Passes over the rest of a line of which a record was made. What may not stand there is refused. */
  async #passLine(line: "skip" | "taken"): Promise<Polled | undefined> {
    const rest = this.#chunk.subarray(this.#from, this.#to);
    const newline = rest.indexOf(NEWLINE);
    const end = newline < 0 ? rest.length : newline + 1;
    const position = this.#offset;
    this.#advance(end);
    this.#line = newline < 0 ? line : undefined;
    const raw = rest.slice(0, newline < 0 ? end : newline);
    if (line === "skip" || isBlank(raw)) return undefined;
    if (newline < 0) this.#line = "skip";
    const reason =
      "The line goes on behind a record that was read at the end of the file, before the line was complete";
    const none = this.#decoder.decode(new Uint8Array(0), position, false, 1);
    return await this.#polled({ ...none, invalid: [{ position, raw, reason }] });
  }

  #decode(atEnd: boolean, rowsMax: number): DecodedLines {
    const bytes = this.#chunk.subarray(this.#from, this.#to);
    const decoded = this.#decoder.decode(bytes, this.#offset, atEnd, rowsMax);
    this.#advance(decoded.consumed);
    return decoded;
  }

  #advance(bytes: number): void {
    this.#from += bytes;
    this.#offset += bytes;
    if (bytes > 0) this.#seen = undefined;
  }

  async #polled(decoded: DecodedLines): Promise<Polled> {
    const { length, columns, positions, raw, invalid } = decoded;
    await this.#readHead(this.#seen ?? this.#offset);
    const next: FilePosition = {
      offset: this.#offset,
      head: this.#head,
      headBytes: this.#headBytes,
      ...(this.#line === undefined ? {} : { line: this.#line }),
      ...(this.#seen === undefined ? {} : { seen: this.#seen }),
    };
    return { length, columns, positions, raw, invalid, next: { ...next } };
  }

  /** Reads on, into what is free of the chunk or else into a fresh one. Whether there was anything. */
  async #fill(): Promise<boolean> {
    const length = this.#to - this.#from;
    if (this.#to === this.#chunk.length) {
      // A line longer than a chunk is read by doubling; the decoder gives up at the size of a record.
      const chunk = new Uint8Array(Math.max(CHUNK_BYTES, length * 2));
      chunk.set(this.#chunk.subarray(this.#from, this.#to));
      this.#chunk = chunk;
      this.#from = 0;
      this.#to = length;
    }
    const { bytesRead } = await this.#named("read", () =>
      this.#opened().read(this.#chunk, this.#to, this.#chunk.length - this.#to, this.#offset + length),
    );
    this.#to += bytesRead;
    return bytesRead > 0;
  }

  async #open(): Promise<FileHandle> {
    const file = await this.#named("opened", () => open(this.#path, "r"));
    try {
      await this.#check(file);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    return file;
  }

  /** Refuses a file that is not the one the position was made for. */
  async #check(file: FileHandle): Promise<void> {
    const head = new Uint8Array(HEAD_BYTES_MAX);
    const { bytesRead } = await this.#named("read", () => file.read(head, 0, head.length, 0));
    if (bytesRead >= 2 && head[0] === 0x1f && head[1] === 0x8b) {
      throw new DataflowError("DF_FILE", `${this.#path} is compressed with gzip. Unpack it first.`);
    }
    const before = this.#resumed;
    if (before === undefined) return;
    const { size } = await this.#named("looked at", () => file.stat());
    const needed = before.seen ?? before.offset;
    if (size < needed) throw this.#shrunk(needed, size);
    if (crc32(head.subarray(0, before.headBytes)) !== before.head) {
      throw new DataflowError(
        "DF_POSITION",
        `${this.#path} begins with other bytes than when it was read up to byte ${needed}: it was replaced or ` +
          "rewritten. Give new data a new name, or begin again with a new state directory and target.",
      );
    }
  }

  /** Keeps the fingerprint of as much of the beginning as lies before `end`. */
  async #readHead(end: number): Promise<void> {
    const needed = Math.min(HEAD_BYTES_MAX, end);
    if (needed === this.#headBytes) return;
    const head = new Uint8Array(needed);
    const { bytesRead } = await this.#named("read", () => this.#opened().read(head, 0, needed, 0));
    if (bytesRead < needed) throw this.#shrunk(end, bytesRead);
    this.#head = crc32(head);
    this.#headBytes = needed;
  }

  #opened(): FileHandle {
    return present(this.#file, `the open file ${this.#path}`);
  }

  async #named<T>(done: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      throw new DataflowError("DF_FILE", `${this.#path} cannot be ${done}.`, { cause });
    }
  }

  #shrunk(needed: number, size: number): DataflowError {
    return new DataflowError(
      "DF_POSITION",
      `${this.#path} has ${size} bytes, but was read up to byte ${needed}: it was cut off or replaced. ` +
        "Put it back, or begin again with a new state directory and target.",
    );
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
