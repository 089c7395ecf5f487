const SLOTS = 256;
/** Words of four bytes that a text may lie across. */
const WORDS = 6;
/** The longest text that is remembered, in bytes. */
export const KNOWN_BYTES_MAX: number = WORDS * 4;

/**
 * The strings of some short texts, by their bytes. Those are compared as words of four: the first, the last, which may
 * overlap the one before it, and those in between, so that no byte behind a text is read. A text has two slots: two
 * that are common must not drive each other out.
 */
export class KnownTexts {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => "");
  readonly #lengths: Int32Array = new Int32Array(SLOTS).fill(-1);
  readonly #lasts: Int32Array = new Int32Array(SLOTS);
  /** Word k of the text in a slot, but for the last one, at `slot * WORDS + k`. */
  readonly #words: Int32Array = new Int32Array(SLOTS * WORDS);

  /** The text that was found last, if it is so short that its first and last word tell what it is. */
  #text = "";
  #length = -1;
  #first = 0;
  #last = 0;

  /** The string of `bytes[start .. end)`, of at most `KNOWN_BYTES_MAX` bytes; undefined where it is not known. */
  find(bytes: DataView, start: number, end: number): string | undefined {
    const length = end - start;
    const first = firstWord(bytes, start, length);
    const last = lastWord(bytes, end, length);
    // Neighbours are often equal.
    if (first === this.#first && last === this.#last && length === this.#length) return this.#text;
    let slot = slotOf(first, last);
    if (this.#words[slot * WORDS] !== first || this.#lasts[slot] !== last) slot ^= 1;
    if (this.#words[slot * WORDS] !== first || this.#lasts[slot] !== last) return undefined;
    if (this.#lengths[slot] !== length) return undefined;
    for (let at = 4; at < length - 4; at += 4) {
      if (this.#words[slot * WORDS + (at >> 2)] !== bytes.getInt32(start + at, true)) return undefined;
    }
    const text = this.#texts[slot] as string;
    if (length <= 8) {
      this.#text = text;
      this.#length = length;
      this.#first = first;
      this.#last = last;
    }
    return text;
  }

  /** Remembers the string of a text that was not found; the one that was found longer ago goes. */
  keep(bytes: DataView, start: number, end: number, text: string): string {
    const length = end - start;
    const first = firstWord(bytes, start, length);
    const last = lastWord(bytes, end, length);
    const slot = slotOf(first, last);
    this.#move(slot, slot ^ 1);
    const kept = unique(text);
    this.#texts[slot] = kept;
    this.#lengths[slot] = length;
    this.#lasts[slot] = last;
    this.#words[slot * WORDS] = first;
    for (let at = 4; at < length - 4; at += 4)
      this.#words[slot * WORDS + (at >> 2)] = bytes.getInt32(start + at, true);
    return kept;
  }

  #move(from: number, to: number): void {
    this.#texts[to] = this.#texts[from] as string;
    this.#lengths[to] = this.#lengths[from] as number;
    this.#lasts[to] = this.#lasts[from] as number;
    this.#words.copyWithin(to * WORDS, from * WORDS, (from + 1) * WORDS);
  }
}

/** The first four bytes; of fewer the first two, or the only one. */
function firstWord(bytes: DataView, start: number, length: number): number {
  if (length >= 4) return bytes.getInt32(start, true);
  if (length >= 2) return bytes.getUint16(start, true);
  return length === 1 ? bytes.getUint8(start) : 0;
}

/** The last four bytes, which may be the first as well; of fewer the last two. */
function lastWord(bytes: DataView, end: number, length: number): number {
  if (length >= 4) return bytes.getInt32(end - 4, true);
  return length >= 2 ? bytes.getUint16(end - 2, true) : 0;
}

function slotOf(first: number, last: number): number {
  const mixed = Math.imul(first ^ (last << 7) ^ (last >>> 25), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
}

/** The same text as V8 keeps names: there is one of each, so that comparing it with a literal compares addresses. */
function unique(text: string): string {
  return Object.keys({ [text]: true })[0] as string;
}
