/**
 * Text as CSV fields and JSON strings, four bytes at a time where nothing is special. Each function returns the place
 * behind what it wrote; up to three bytes behind that may be written too.
 */
import type { TextColumn } from "@df/core";
import { writeAscii } from "./digits.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;
const BACKSLASH = 0x5c;
const BLANK = 0x20;
const ZERO = 0x30;
const NUMBERED = 0x75;
/** First byte of a byte order mark, which U+FEFF would be taken for at the beginning of a file. */
const MARK = 0xef;

/** What JSON writes behind a backslash for a byte; "u" where there is only the number. 0: no need to. */
const JSON_ESCAPE = new Uint8Array(256).fill(NUMBERED, 0, BLANK);
for (const pair of ["\bb", "\tt", "\nn", "\ff", "\rr", '""', "\\\\"]) {
  JSON_ESCAPE[pair.charCodeAt(0)] = pair.charCodeAt(1);
}
const HEX = Buffer.from("0123456789abcdef");

/** The text of a column, one slice a row. */
export interface Texts {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: DataView;
}

/** The text of a column as it is read here. */
export function textsOf({ starts, ends, bytes }: Omit<TextColumn, "layout">): Texts {
  return { starts, ends, bytes: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Bytes that a text of `length` bytes takes at most, in any of the forms below. */
export function textBytesMax(length: number): number {
  return length * 6 + 4;
}

/**
 * Writes a CSV field: in quotes where it holds a comma, a quote or the end of a line, where it is empty, since nothing
 * at all is null, and where it might begin with U+FEFF.
 */
export function writeCsvText(out: DataView, at: number, texts: Texts, row: number): number {
  const { bytes: text } = texts;
  const end = texts.ends[row] as number;
  let from = texts.starts[row] as number;
  if (from === end || text.getUint8(from) === MARK) return writeQuoted(out, at, texts, row);
  let to = at;
  while (from < end) {
    const word = from + 4 <= end ? text.getInt32(from, true) : 0;
    if (from + 4 <= end && !mayNeedQuotes(word)) {
      out.setInt32(to, word, true);
      to += 4;
      from += 4;
      continue;
    }
    const byte = text.getUint8(from++);
    // What was written is written over.
    if (byte === COMMA || byte === QUOTE || byte === LF || byte === CR)
      return writeQuoted(out, at, texts, row);
    out.setUint8(to++, byte);
  }
  return to;
}

function writeQuoted(out: DataView, at: number, { starts, ends, bytes }: Texts, row: number): number {
  const end = ends[row] as number;
  out.setUint8(at++, QUOTE);
  for (let from = starts[row] as number; from < end; from++) {
    const byte = bytes.getUint8(from);
    if (byte === QUOTE) out.setUint8(at++, QUOTE);
    out.setUint8(at++, byte);
  }
  out.setUint8(at, QUOTE);
  return at + 1;
}

/** Writes what stands between the quotes of a JSON string. */
export function writeJsonText(out: DataView, at: number, texts: Texts, row: number): number {
  const { bytes: text } = texts;
  const end = texts.ends[row] as number;
  let from = texts.starts[row] as number;
  while (from < end) {
    const word = from + 4 <= end ? text.getInt32(from, true) : 0;
    if (from + 4 <= end && !needsEscape(word)) {
      out.setInt32(at, word, true);
      at += 4;
      from += 4;
      continue;
    }
    const byte = text.getUint8(from++);
    if (JSON_ESCAPE[byte] === 0) out.setUint8(at++, byte);
    else at = writeEscape(out, at, byte);
  }
  return at;
}

function writeEscape(out: DataView, at: number, byte: number): number {
  const letter = JSON_ESCAPE[byte] as number;
  out.setUint8(at, BACKSLASH);
  out.setUint8(at + 1, letter);
  if (letter !== NUMBERED) return at + 2;
  out.setUint8(at + 2, ZERO);
  out.setUint8(at + 3, ZERO);
  out.setUint8(at + 4, HEX[byte >> 4] as number);
  out.setUint8(at + 5, HEX[byte & 15] as number);
  return at + 6;
}

/** Writes JSON text on one line: an end of a line can only be a blank between its tokens. */
export function writeJsonValue(
  out: DataView,
  at: number,
  { starts, ends, bytes }: Texts,
  row: number,
): number {
  const end = ends[row] as number;
  for (let from = starts[row] as number; from < end; from++) {
    const byte = bytes.getUint8(from);
    out.setUint8(at++, byte < BLANK ? BLANK : byte);
  }
  return at;
}

/** Writes bytes as base64 with padding, RFC 4648 section 4. */
export function writeBase64(out: DataView, at: number, { starts, ends, bytes }: Texts, row: number): number {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return writeAscii(out, at, all.toString("base64", starts[row], ends[row]));
}

// Tests of four bytes at once: Sean Eron Anderson, Bit Twiddling Hacks, "Determine if a word has a byte less than n"
// and "… equal to n". The high bit of each byte is the answer; both are exact as a whole.

/** Whether one of four bytes is a quote, a backslash or a control character. */
function needsEscape(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash);
  return (found & 0x80808080) !== 0;
}

/** Whether one of four bytes is a comma, a quote, or below 14: an end of a line, or another control character. */
function mayNeedQuotes(word: number): boolean {
  const quote = word ^ 0x22222222;
  const comma = word ^ 0x2c2c2c2c;
  const found =
    ((word - 0x0e0e0e0e) & ~word) | ((quote - 0x01010101) & ~quote) | ((comma - 0x01010101) & ~comma);
  return (found & 0x80808080) !== 0;
}
