import { NumberToken } from "./number.ts";
import { Refused } from "./refused.ts";

/** Objects and arrays within each other at most, the record itself included. */
export const DEPTH_MAX = 128;

const TAB = 0x09;
const RETURN = 0x0d;
const BLANK = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** Room is made for some bytes more than there are. */
const SPARE = 1.25;

/** What the letter after a backslash stands for; 0 where it stands for nothing. */
const ESCAPES = new Uint8Array(256);
for (const [letter, value] of [
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
] as const) {
  ESCAPES[letter.charCodeAt(0)] = value.charCodeAt(0);
}

/**
 * Reads JSON (RFC 8259) from bytes that are known to be UTF-8. Every record ends with a newline: no valid token holds
 * one, so no loop here needs to compare with the end of the bytes.
 */
export class Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  /** The next byte to read. */
  at = 0;
  /** The number read last. */
  readonly number: NumberToken = new NumberToken();

  /** The string read last, in `text[textStart .. textEnd)`: in `bytes`, or in `extra` once it was unescaped. */
  text: Uint8Array = this.bytes;
  textStart = 0;
  textEnd = 0;
  #escaped = false;

  /** Text that does not lie in `bytes` as it is meant; the first `extraUsed` bytes. */
  extra: Uint8Array = new Uint8Array(0);
  extraUsed = 0;
  /** What `behind` gave. */
  #joined: Uint8Array = new Uint8Array(0);

  /** Begins with other bytes. What `extra` holds is forgotten. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.text = bytes;
    this.extraUsed = 0;
    if (this.extra.length > bytes.length) this.extra = new Uint8Array(0);
  }

  /** Skips blanks. A newline is none: it ends the record. */
  blanks(): void {
    const bytes = this.bytes;
    let byte = bytes[this.at] as number;
    // Nearly always there is none.
    if (byte > BLANK) return;
    while (byte === BLANK || byte === TAB || byte === RETURN) byte = bytes[++this.at] as number;
  }

  /** Skips a colon, comma or bracket. */
  expect(byte: number): void {
    if (this.bytes[this.at] !== byte) {
      throw new Refused(`"${String.fromCharCode(byte)}" expected`, this.at);
    }
    this.at++;
  }

  /** Skips any value, checking it; `depth` objects and arrays are open around it. */
  skipValue(depth: number): void {
    switch (this.bytes[this.at] as number) {
      case QUOTE:
        return this.skipString();
      case 0x7b:
        return this.#skipObject(depth + 1);
      case 0x5b:
        return this.#skipArray(depth + 1);
      case 0x74:
        return this.#skipWord("true");
      case 0x66:
        return this.#skipWord("false");
      case 0x6e:
        return this.#skipWord("null");
      default:
        this.readNumber();
    }
  }

  /** Skips "null" if it stands here. */
  takeNull(): boolean {
    if (this.bytes[this.at] !== 0x6e) return false;
    this.#skipWord("null");
    return true;
  }

  /** Reads true or false. */
  readBool(): boolean {
    const isTrue = this.bytes[this.at] === 0x74;
    if (!isTrue && this.bytes[this.at] !== 0x66) throw new Refused("is no bool");
    this.#skipWord(isTrue ? "true" : "false");
    return isTrue;
  }

  /** Reads a number into `number`. */
  readNumber(): void {
    this.at = this.number.read(this.bytes, this.at);
  }

  /** Reads a string and unescapes it: it then lies in `text`. */
  readString(): void {
    if (this.bytes[this.at] !== QUOTE) throw new Refused("is no string");
    this.skipString();
    if (this.#escaped) this.#unescape();
  }

  /** Checks a string; it lies in `text` with its escapes. */
  skipString(): void {
    const bytes = this.bytes;
    let at = this.at + 1;
    this.text = bytes;
    this.textStart = at;
    this.#escaped = false;
    for (;;) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        this.#escaped = true;
        at = this.#skipEscape(at);
      } else if (byte < BLANK) {
        throw new Refused(byte === 0x0a ? "the string does not end" : "control character in a string", at);
      } else at++;
    }
    this.textEnd = at;
    this.at = at + 1;
  }

  /**
   * The bytes with what `extra` holds behind them, written over by the next call; the bytes themselves where it holds
   * nothing.
   */
  behind(bytes: Uint8Array): Uint8Array {
    if (this.extraUsed === 0) return bytes;
    const size = bytes.length + this.extraUsed;
    if (size > this.#joined.length) this.#joined = new Uint8Array(Math.ceil(size * SPARE));
    this.#joined.set(bytes);
    this.#joined.set(this.extra.subarray(0, this.extraUsed), bytes.length);
    return this.#joined.subarray(0, size);
  }

  /** Room for `size` more bytes in `extra`; the place where they go. */
  reserve(size: number): number {
    const needed = this.extraUsed + size;
    if (needed > this.extra.length) {
      const wider = new Uint8Array(Math.max(4096, needed, this.extra.length * 2));
      wider.set(this.extra.subarray(0, this.extraUsed));
      this.extra = wider;
    }
    return this.extraUsed;
  }

  #skipObject(depth: number): void {
    if (depth > DEPTH_MAX) throw new Refused(`more than ${DEPTH_MAX} levels deep`, this.at);
    this.at++;
    this.blanks();
    if (this.bytes[this.at] === 0x7d) {
      this.at++;
      return;
    }
    for (;;) {
      if (this.bytes[this.at] !== QUOTE) throw new Refused("a key expected", this.at);
      this.skipString();
      this.blanks();
      this.expect(0x3a);
      this.blanks();
      this.skipValue(depth);
      this.blanks();
      if (this.bytes[this.at] === 0x7d) break;
      this.expect(0x2c);
      this.blanks();
    }
    this.at++;
  }

  #skipArray(depth: number): void {
    if (depth > DEPTH_MAX) throw new Refused(`more than ${DEPTH_MAX} levels deep`, this.at);
    this.at++;
    this.blanks();
    if (this.bytes[this.at] === 0x5d) {
      this.at++;
      return;
    }
    for (;;) {
      this.skipValue(depth);
      this.blanks();
      if (this.bytes[this.at] === 0x5d) break;
      this.expect(0x2c);
      this.blanks();
    }
    this.at++;
  }

  #skipWord(word: "true" | "false" | "null"): void {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[this.at + i] !== word.charCodeAt(i)) throw new Refused("a value expected", this.at);
    }
    this.at += word.length;
  }

  /** Surrogates must come in pairs, or the text would have no UTF-8. */
  #skipEscape(at: number): number {
    const letter = this.bytes[at + 1] as number;
    if (ESCAPES[letter] !== 0) return at + 2;
    if (letter !== LOWER_U) throw new Refused("no such escape", at);
    const unit = hex4(this.bytes, at + 2);
    if (unit < 0xd800 || unit > 0xdfff) return at + 6;
    const isPair =
      unit < 0xdc00 &&
      this.bytes[at + 6] === BACKSLASH &&
      this.bytes[at + 7] === LOWER_U &&
      (hex4(this.bytes, at + 8) & 0xfc00) === 0xdc00;
    if (!isPair) throw new Refused("half of a surrogate pair", at);
    return at + 12;
  }

  /** Copies the string in `text` to `extra`, each escape as the character it stands for. It is never longer. */
  #unescape(): void {
    const bytes = this.bytes;
    let to = this.reserve(this.textEnd - this.textStart);
    const extra = this.extra;
    this.text = extra;
    const end = this.textEnd;
    let from = this.textStart;
    this.textStart = to;
    while (from < end) {
      const byte = bytes[from] as number;
      if (byte !== BACKSLASH) {
        extra[to++] = byte;
        from++;
        continue;
      }
      const letter = bytes[from + 1] as number;
      if (letter !== LOWER_U) {
        extra[to++] = ESCAPES[letter] as number;
        from += 2;
        continue;
      }
      let point = hex4(bytes, from + 2);
      from += 6;
      if ((point & 0xfc00) === 0xd800) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (hex4(bytes, from + 2) & 0x3ff);
        from += 6;
      }
      to = putPoint(extra, to, point);
    }
    this.textEnd = to;
    this.extraUsed = to;
  }
}

/** Whether nothing but what `Scanner.blanks` skips stands from `start` to `end`; not where `end` lies before `start`. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === BLANK || bytes[at] === TAB || bytes[at] === RETURN)) at++;
  return at === end;
}

/** Four hexadecimal digits; anything else is refused. */
function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i] as number;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else throw new Refused("no such escape", at - 2);
  }
  return value;
}

/** Writes a code point as UTF-8; the place behind it. */
function putPoint(into: Uint8Array, to: number, point: number): number {
  if (point < 0x80) {
    into[to++] = point;
    return to;
  }
  if (point < 0x800) into[to++] = 0xc0 | (point >> 6);
  else {
    if (point < 0x10000) into[to++] = 0xe0 | (point >> 12);
    else {
      into[to++] = 0xf0 | (point >> 18);
      into[to++] = 0x80 | ((point >> 12) & 0x3f);
    }
    into[to++] = 0x80 | ((point >> 6) & 0x3f);
  }
  into[to++] = 0x80 | (point & 0x3f);
  return to;
}
