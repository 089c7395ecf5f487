/** Chunks that were written when their table had more value columns, or had them in another order. */
import { DataflowError } from "../error.ts";
import { corrupt, type ReadChunk } from "./chunk.ts";
import { padded } from "./row-records.ts";

/** A value column in the words of a row. */
interface Column {
  /** Its line of the layout: see table-layout.ts. */
  readonly line: string;
  readonly at: number;
  readonly words: number;
  readonly isText: boolean;
}

/** What a layout says of its records. */
interface Records {
  readonly panes: boolean;
  /** The lines of panes and key. */
  readonly keyLines: readonly string[];
  readonly keyWords: number;
  /** Words of the key that stand for texts: its last ones. */
  readonly keyTexts: number;
  readonly rowWords: number;
  readonly values: readonly Column[];
}

const TEXTS = new Set(["string", "bytes", "json"]);

/**
 * The chunk as the table with this layout would have written it: without the columns that it has no more.
 * @throws DF_STATE_CHANGED where the key is another one, or a column was not stored
 */
export function migrated(chunk: ReadChunk, layoutLines: readonly string[]): ReadChunk {
  const { layoutLines: stored, table } = chunk;
  if (stored.join("\n") === layoutLines.join("\n")) return chunk;
  const [was, is] = [recordsOf(stored), recordsOf(layoutLines)];
  const missing = [...is.keyLines, ...is.values.map(({ line }) => line)].find(
    (line) => !stored.includes(line),
  );
  if (missing !== undefined || was.keyLines.length !== is.keyLines.length) {
    throw new DataflowError(
      "DF_STATE_CHANGED",
      `State table "${table}" was stored without ${missing ?? "a further column"}, the pipeline now opens it with that. ` +
        `Go back to the pipeline that wrote it, or start with a new state directory.`,
    );
  }
  return { ...chunk, layoutLines, startBytes: 0, bytes: new Rewriting(chunk, was, is).bytes() };
}

/** Copies the records of one chunk. */
class Rewriting {
  readonly #chunk: ReadChunk;
  readonly #was: Records;
  readonly #is: Records;
  readonly #ints: Int32Array;
  readonly #into: Uint8Array;
  #from: number;
  #to = 0;

  constructor(chunk: ReadChunk, was: Records, is: Records) {
    const { bytes, startBytes } = chunk;
    this.#chunk = chunk;
    this.#was = was;
    this.#is = is;
    this.#ints = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    // No row becomes longer, but one without words, which has one all the same.
    this.#into = new Uint8Array(bytes.length + chunk.counts.rows * 8);
    this.#from = startBytes;
  }

  bytes(): Uint8Array {
    const { drops, removals, rows } = this.#chunk.counts;
    const paneBytes = this.#was.panes ? 8 : 0;
    this.#copy(drops * 8);
    for (let i = 0; i < removals; i++) {
      this.#copy(paneBytes);
      const texts = this.#keyTextBytes();
      this.#copy(this.#was.keyWords * 8);
      this.#copy(padded(texts));
    }
    for (let i = 0; i < rows; i++) {
      this.#copy(paneBytes);
      this.#row();
    }
    return this.#into.slice(0, this.#to);
  }

  /** Words of key and kept columns, the texts of the key, those of the kept columns. */
  #row(): void {
    const { keyWords, rowWords, values } = this.#was;
    const start = this.#from;
    const keyBytes = this.#keyTextBytes();
    const texts = new Map<string, { readonly at: number; readonly bytes: number }>();
    let at = start + rowWords * 8 + keyBytes;
    for (const { line, at: word } of values.filter(({ isText }) => isText)) {
      const bytes = this.#textBytes(start + word * 8);
      texts.set(line, { at, bytes });
      at += bytes;
    }
    const end = start + padded(at - start);
    this.#put(start, keyWords * 8);
    for (const { line } of this.#is.values) {
      const column = values.find((each) => each.line === line) as Column;
      this.#put(start + column.at * 8, column.words * 8);
    }
    this.#to += (this.#is.rowWords - this.#wordsOf(this.#is)) * 8;
    this.#put(start + rowWords * 8, keyBytes);
    for (const { line, isText } of this.#is.values) {
      const text = isText ? texts.get(line) : undefined;
      if (text !== undefined) this.#put(text.at, text.bytes);
    }
    this.#to = padded(this.#to);
    this.#from = end;
  }

  #wordsOf({ keyWords, values }: Records): number {
    return values.reduce((sum, { words }) => sum + words, keyWords);
  }

  /** Bytes of the texts of the key that begins here. */
  #keyTextBytes(): number {
    const { keyWords, keyTexts } = this.#was;
    let bytes = 0;
    for (let word = keyWords - keyTexts; word < keyWords; word++)
      bytes += this.#textBytes(this.#from + word * 8);
    return bytes;
  }

  /** A text word holds the length of its text plus 1, 0 for none. */
  #textBytes(at: number): number {
    return Math.max(0, (this.#ints[at / 4] ?? 0) - 1);
  }

  #copy(bytes: number): void {
    this.#put(this.#from, bytes);
    this.#from += bytes;
  }

  #put(from: number, count: number): void {
    if (from + count > this.#chunk.bytes.length) throw corrupt(this.#chunk.table, "ends within a row");
    this.#into.set(this.#chunk.bytes.subarray(from, from + count), this.#to);
    this.#to += count;
  }
}

function recordsOf(lines: readonly string[]): Records {
  const keys = lines.filter((line) => line.startsWith("key "));
  const isNullable = keys.some((line) => line.endsWith(" or null"));
  const keyWords = keys.length + (isNullable ? 1 : 0);
  const values: Column[] = [];
  let at = keyWords;
  for (const line of lines.filter((each) => each.startsWith("value "))) {
    // The name is JSON and may hold anything; what stands behind it has no quotation mark.
    const what = line.slice(line.lastIndexOf('"') + 2);
    const words = what.endsWith(" words") ? Number.parseInt(what, 10) : 1;
    values.push({ line, at, words, isText: TEXTS.has(what) });
    at += words;
  }
  const typeOf = (line: string): string => line.slice(line.lastIndexOf('"') + 2).replace(" or null", "");
  return {
    panes: lines[0] === "panes",
    keyLines: [lines[0] ?? "", ...keys],
    keyWords,
    keyTexts: keys.filter((line) => TEXTS.has(typeOf(line))).length,
    rowWords: Math.max(at, 1),
    values,
  };
}
