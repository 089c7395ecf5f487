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

  /** The string of `bytes[start .. end)`, of at most `KNOWN_BYTES_MAX` bytes; undefined where it is not known. */
  find(bytes: DataView, start: number, end: number): string | undefined {
    const first = firstWord(bytes, start, end);
    const last = lastWord(bytes, start, end);
    let slot = slotOf(first, last);
    if (this.#words[slot * WORDS] !== first || this.#lasts[slot] !== last) slot ^= 1;
    if (this.#words[slot * WORDS] !== first || this.#lasts[slot] !== last) return undefined;
    const length = end - start;
    if (this.#lengths[slot] !== length) return undefined;
    for (let at = 4; at < length - 4; at += 4) {
      if (this.#words[slot * WORDS + (at >> 2)] !== bytes.getInt32(start + at, true)) return undefined;
    }
    return this.#texts[slot];
  }

  /** Remembers the string of a text that was not found; the one that was found longer ago goes. */
  keep(bytes: DataView, start: number, end: number, text: string): string {
    const first = firstWord(bytes, start, end);
    const last = lastWord(bytes, start, end);
    const slot = slotOf(first, last);
    this.#move(slot, slot ^ 1);
    const kept = unique(text);
    const length = end - start;
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

/** The first four bytes; of fewer, which they are, and how many. */
function firstWord(bytes: DataView, start: number, end: number): number {
  if (end - start >= 4) return bytes.getInt32(start, true);
  let word = end - start;
  for (let at = start; at < end; at++) word = (word << 8) | bytes.getUint8(at);
  return word;
}

/** The last four bytes; 0 where there are fewer. */
function lastWord(bytes: DataView, start: number, end: number): number {
  return end - start >= 4 ? bytes.getInt32(end - 4, true) : 0;
}

function slotOf(first: number, last: number): number {
  const mixed = Math.imul(first ^ (last << 7) ^ (last >>> 25), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
}

/** The same text as V8 keeps names: there is one of each, so that comparing it with a literal compares addresses. */
function unique(text: string): string {
  return Object.keys({ [text]: true })[0] as string;
}
