import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Answer, Json, Polled, SplitReader } from "@df/core";
import { DataflowError, present, within } from "@df/core";
import type { DecodedLines, Inside, OpenLineDecoder } from "@df/formats";
import { ReadAhead } from "./read-ahead.ts";
import { HEAD_BYTES_MAX, parsePosition } from "./position.ts";
import type { FilePosition } from "./position.ts";

/** A file, and how to read it. */
export interface FileToRead {
  readonly path: string;
  readonly decoder: OpenLineDecoder;
  readonly follow: boolean;
}

/** Reads the lines of one file. Batches point into the bytes that were read. */
export class FileReader implements SplitReader {
  readonly #path: string;
  readonly #decoder: OpenLineDecoder;
  readonly #follow: boolean;
  readonly #onClose: () => void;
  readonly #resumed: FilePosition | undefined;
  #file: FileHandle | undefined;
  #ahead: ReadAhead | undefined;
  /** Place in the file of the next byte to decode. */
  #offset: number;
  /** Whether reading stands where it goes on, or behind the head; a decoder with a head reads that first. */
  #begun: boolean;
  #line: "skip" | "taken" | undefined;
  #inside: Inside = "plain";
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
    this.#begun = file.decoder.head === undefined;
    this.#offset = this.#begun ? (this.#resumed?.offset ?? 0) : 0;
    this.#line = this.#resumed?.line;
    this.#inside = this.#resumed?.inside ?? "plain";
    this.#seen = this.#resumed?.seen;
  }

  /**
   * The next lines of the file, at once where they have been read already. Valid until the next call.
   * @throws DF_POSITION where the file has shrunk or is another one than before, DF_FILE where it cannot be read
   */
  poll(rowsMax: number): Answer | Promise<Answer> {
    return (this.#ahead && this.#next(this.#ahead, rowsMax)) ?? this.#read(rowsMax);
  }

  async #read(rowsMax: number): Promise<Answer> {
    this.#ahead ??= await this.#open();
    for (;;) {
      // Behind a header reading may go on somewhere else.
      const ahead = this.#ahead;
      const polled = this.#next(ahead, rowsMax);
      if (polled !== undefined) return await polled;
      if (await this.#named("read", () => ahead.more())) continue;
      if (this.#begun || this.#follow || !this.#begin(ahead, true)) return await this.#pollEnd(ahead);
    }
  }

  /** What can be made of the bytes that were read; undefined when it takes more of them. */
  #next(ahead: ReadAhead, rowsMax: number): Polled | Promise<Polled> | undefined {
    if (!this.#begun && !this.#begin(ahead, false)) return undefined;
    while (ahead.from < ahead.to && ahead === this.#ahead) {
      if (this.#line !== undefined) {
        const polled = this.#passLine(ahead, this.#line);
        if (polled !== undefined) return polled;
        // The line is passed: what follows it may be complete lines.
        if (this.#line !== undefined) return undefined;
      } else {
        const decoded = this.#decode(ahead, false, rowsMax);
        if (decoded.cut) this.#standIn("skip", decoded.inside);
        if (decoded.length > 0 || decoded.invalid.length > 0) return this.#polled(decoded);
        if (decoded.consumed === 0) return undefined;
      }
    }
    return undefined;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#ahead = undefined;
    this.#onClose();
    await file?.close();
  }

  /** Has the decoder read what the file begins with, and goes to where reading goes on. Whether that could be done. */
  #begin(ahead: ReadAhead, atEnd: boolean): boolean {
    const first = this.#behindHead(ahead, atEnd);
    if (first === undefined) return false;
    const offset = this.#resumed?.offset ?? first;
    if (offset <= ahead.to - ahead.from) ahead.from += offset;
    else this.#ahead = new ReadAhead(this.#opened(), offset);
    this.#offset = offset;
    this.#begun = true;
    return true;
  }

  #behindHead(ahead: ReadAhead, atEnd: boolean): number | undefined {
    try {
      return this.#decoder.head?.(ahead.bytes.subarray(ahead.from, ahead.to), atEnd);
    } catch (thrown) {
      throw within(this.#path, thrown);
    }
  }

  /** All bytes there are have been read, and no line is complete. */
  async #pollEnd(ahead: ReadAhead): Promise<Answer> {
    const end = this.#offset + ahead.to - ahead.from;
    const { size } = await this.#named("looked at", () => this.#opened().stat());
    if (size < end) throw this.#shrunk(end, size);
    if (this.#follow) return "idle";
    if (!this.#begun || this.#line !== undefined || ahead.from === ahead.to || end === this.#seen)
      return "end";
    const start = this.#offset;
    const decoded = this.#decode(ahead, true, 1);
    if (decoded.length > 0) this.#standIn("taken", decoded.inside);
    else {
      this.#seen = end;
      this.#offset = start;
      ahead.from = ahead.to - (end - start);
      if (decoded.invalid.length === 0) return "end";
    }
    return await this.#polled(decoded);
  }

  /** Passes over the rest of a line of which a record was made. What may not stand there is refused. */
  #passLine(ahead: ReadAhead, line: "skip" | "taken"): Polled | Promise<Polled> | undefined {
    const rest = ahead.bytes.subarray(ahead.from, ahead.to);
    const { consumed, inside, isBlank } = this.#decoder.pass(rest, this.#inside);
    const position = this.#offset;
    this.#advance(ahead, consumed);
    const isOver = inside === undefined;
    this.#standIn(isOver ? undefined : line, inside);
    if (line === "skip" || isBlank) return undefined;
    if (!isOver) this.#line = "skip";
    const raw = rest.slice(0, isOver ? consumed - 1 : consumed);
    const reason =
      "The line goes on behind a record that was read at the end of the file, before the line was complete";
    const none = this.#decoder.decode(new Uint8Array(0), position, false, 1);
    return this.#polled({ ...none, invalid: [{ position, raw, reason }] });
  }

  #standIn(line: "skip" | "taken" | undefined, inside: Inside = "plain"): void {
    this.#line = line;
    this.#inside = inside;
  }

  #decode(ahead: ReadAhead, atEnd: boolean, rowsMax: number): DecodedLines {
    const bytes = ahead.bytes.subarray(ahead.from, ahead.to);
    const decoded = this.#decoder.decode(bytes, this.#offset, atEnd, rowsMax);
    this.#advance(ahead, decoded.consumed);
    return decoded;
  }

  #advance(ahead: ReadAhead, bytes: number): void {
    ahead.from += bytes;
    this.#offset += bytes;
    if (bytes > 0) this.#seen = undefined;
  }

  #polled(decoded: DecodedLines): Polled | Promise<Polled> {
    const needed = Math.min(HEAD_BYTES_MAX, this.#seen ?? this.#offset);
    if (needed === this.#headBytes) return this.#positioned(decoded);
    return this.#readHead(needed).then(() => this.#positioned(decoded));
  }

  #positioned({ length, columns, positions, raw, invalid }: DecodedLines): Polled {
    const next = {
      offset: this.#offset,
      head: this.#head,
      headBytes: this.#headBytes,
      ...(this.#line === undefined ? {} : { line: this.#line, inside: this.#inside }),
      ...(this.#seen === undefined ? {} : { seen: this.#seen }),
    } satisfies FilePosition;
    return { length, columns, positions, raw, invalid, next };
  }

  async #open(): Promise<ReadAhead> {
    const file = await this.#named("opened", () => open(this.#path, "r"));
    try {
      await this.#check(file);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    this.#file = file;
    return new ReadAhead(file, this.#offset);
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

  /** Keeps the fingerprint of the first bytes. */
  async #readHead(needed: number): Promise<void> {
    const head = new Uint8Array(needed);
    const { bytesRead } = await this.#named("read", () => this.#opened().read(head, 0, needed, 0));
    if (bytesRead < needed) throw this.#shrunk(needed, bytesRead);
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
