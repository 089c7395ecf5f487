import type { Answer, Json, Polled, SplitReader } from "@df/core";
import { present, within } from "@df/core";
import type { DecodedLines, Inside, OpenLineDecoder } from "@df/formats";
import type { Content } from "./content.ts";
import { openContent } from "./open-content.ts";
import type { ContentAt, Unpacking } from "./open-content.ts";
import { OpenFile } from "./open-file.ts";
import { ReadAhead } from "./read-ahead.ts";
import { HEAD_BYTES_MAX, parsePosition } from "./position.ts";
import type { FilePosition } from "./position.ts";

/** A file, and how to read it. */
export interface FileToRead extends Unpacking {
  readonly path: string;
  readonly decoder: OpenLineDecoder;
  readonly follow: boolean;
}

/** Reads the lines of one file. Batches point into the bytes that were read. */
export class FileReader implements SplitReader {
  readonly #options: FileToRead;
  readonly #decoder: OpenLineDecoder;
  readonly #onClose: () => void;
  readonly #resumed: FilePosition | undefined;
  #file: OpenFile | undefined;
  #contentAt: ContentAt | undefined;
  #content: Content | undefined;
  #ahead: ReadAhead | undefined;
  /** Place in the content of the next byte to decode. */
  #offset: number;
  /** Whether reading stands where it goes on, or behind the head; a decoder with a head reads that first. */
  #begun: boolean;
  #line: "skip" | "taken" | undefined;
  #inside: Inside = "plain";
  #seen: number | undefined;

  /** @throws DF_POSITION for what is no position */
  constructor(file: FileToRead, position: Json | undefined, onClose: () => void) {
    this.#options = file;
    this.#decoder = file.decoder;
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
   * @throws DF_POSITION where the file has shrunk or is another one than before, DF_FILE where it cannot be read,
   * DF_COMPRESSION and DF_EXPANSION where it cannot be decompressed
   */
  poll(rowsMax: number): Answer | Promise<Answer> {
    return (this.#ahead && this.#next(this.#ahead, rowsMax)) ?? this.#read(rowsMax);
  }

  async #read(rowsMax: number): Promise<Answer> {
    if (!(await this.#open())) return "idle";
    for (;;) {
      // Behind a header reading may go on somewhere else.
      const ahead = present(this.#ahead, "the bytes read ahead");
      const polled = this.#next(ahead, rowsMax);
      if (polled !== undefined) return await polled;
      if (await ahead.more()) continue;
      if (this.#begun || this.#options.follow || !this.#begin(ahead, true)) return await this.#pollEnd(ahead);
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
    this.#content?.close();
    this.#onClose();
    await file?.close();
  }

  /** Has the decoder read what the file begins with, and goes to where reading goes on. Whether that could be done. */
  #begin(ahead: ReadAhead, atEnd: boolean): boolean {
    const first = this.#behindHead(ahead, atEnd);
    if (first === undefined) return false;
    const offset = this.#resumed?.offset ?? first;
    if (offset <= ahead.to - ahead.from) ahead.from += offset;
    else this.#readFrom(offset);
    this.#offset = offset;
    this.#begun = true;
    return true;
  }

  #behindHead(ahead: ReadAhead, atEnd: boolean): number | undefined {
    try {
      return this.#decoder.head?.(ahead.bytes.subarray(ahead.from, ahead.to), atEnd);
    } catch (thrown) {
      throw within(this.#options.path, thrown);
    }
  }

  /** All bytes there are have been read, and no line is complete. */
  async #pollEnd(ahead: ReadAhead): Promise<Answer> {
    const { follow } = this.#options;
    const end = this.#offset + ahead.to - ahead.from;
    await present(this.#content, "the content").checkEnd(end, follow);
    if (follow) return "idle";
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
    const file = present(this.#file, "the open file");
    const content = present(this.#content, "the content");
    const needed = Math.min(HEAD_BYTES_MAX, content.fileBytes(this.#seen ?? this.#offset));
    if (needed === file.headBytes) return this.#positioned(decoded, file, content);
    return file.keepHead(needed).then(() => this.#positioned(decoded, file, content));
  }

  #positioned(decoded: DecodedLines, { head, headBytes }: OpenFile, content: Content): Polled {
    const { length, columns, positions, raw, invalid } = decoded;
    const packed = content.packed(this.#offset);
    const next = {
      offset: this.#offset,
      head,
      headBytes,
      ...(packed === undefined ? {} : { packed: { ...packed } }),
      ...(this.#line === undefined ? {} : { line: this.#line, inside: this.#inside }),
      ...(this.#seen === undefined ? {} : { seen: this.#seen }),
    } satisfies FilePosition;
    return { length, columns, positions, raw, invalid, next };
  }

  /** Opens the file unless it is open; false where it is too short to tell how it is compressed, and may grow. */
  async #open(): Promise<boolean> {
    if (this.#ahead !== undefined) return true;
    const file = (this.#file ??= await OpenFile.open(this.#options.path));
    this.#contentAt = await openContent(file, { ...this.#options, resumed: this.#resumed });
    if (this.#contentAt === undefined) return false;
    this.#readFrom(this.#offset);
    return true;
  }

  #readFrom(offset: number): void {
    this.#content?.close();
    this.#content = present(this.#contentAt, "what opens the content")(offset);
    this.#ahead = new ReadAhead(this.#content);
  }
}
