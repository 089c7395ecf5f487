/** Finds out how keys are told apart by a few of their bytes: each gets a place in a table, by a hash made for them. */

/** Bytes that are looked at in front: one word of 32 bits, or two. */
const WORD_BYTES = 4;
const WORDS_BYTES = 8;
/** Keys that are not alone at their place at most, as a share of all, before more of their bytes are looked at. */
const SHARING_MAX = 1 / 4;
/** Places for each key at most, and multipliers that are tried for each number of places. */
const PLACES_A_KEY_MAX = 8;
const TRIES = 48;
const QUOTE = 0x22;
/** Mixes the last bytes of a key with its first ones: 2^64 by the golden ratio. */
export const MIXING = 0x9e3779b97f4a7c15n;

/**
 * How keys get their places: two words are made of a key, each is multiplied, and the upper `bits` bits of their sum are
 * the place. All arithmetic is that of 32 bits.
 */
export interface KeyPlaces {
  /**
   * The words are the first bytes of the key, its closing quote included, so many of them; undefined where they are made
   * of all its bytes in front and at its end, and of their number, see `wholeOf`.
   */
  readonly bytes: number | undefined;
  readonly multipliers: Words;
  readonly bits: number;
  /** The numbers of the keys at each place: where there are several they are to be compared one after the other. */
  readonly keys: readonly (readonly number[])[];
}

type Words = readonly [number, number];

/** Finds places for keys, at most of which there is one. */
export function placesOf(keys: readonly Uint8Array[]): KeyPlaces {
  const quoted = keys.map((key) => Uint8Array.of(QUOTE, ...key, QUOTE));
  // Of each there are so many bytes behind the opening quote.
  const shortest = Math.min(...quoted.map(({ length }) => length - 1));
  const heads = [WORD_BYTES, WORDS_BYTES]
    .map((bytes) => Math.min(bytes, shortest))
    .map((bytes) => ({ bytes, words: quoted.map((key) => headOf(key, bytes)) }));
  const [best] = heads.toSorted((a, b) => distinct(b.words) - distinct(a.words));
  if (best !== undefined && distinct(best.words) >= keys.length * (1 - SHARING_MAX)) return search(best);
  return search({ bytes: undefined, words: quoted.map(wholeOf) });
}

/** The first bytes behind the opening quote as two words: what is behind them is 0. */
function headOf(key: Uint8Array, bytes: number): Words {
  const head = new Uint8Array(WORDS_BYTES);
  head.set(key.subarray(1, 1 + bytes));
  const view = new DataView(head.buffer);
  return [view.getInt32(0, true), view.getInt32(WORD_BYTES, true)];
}

/**
 * The first eight bytes from the opening quote on, or all in front of the closing one, moved to the end of a word of
 * zeros, with their number; and the last ones in front of the closing quote, as many, multiplied.
 */
function wholeOf(key: Uint8Array): Words {
  const length = key.length - 1;
  const count = Math.min(length, WORDS_BYTES);
  const word = new Uint8Array(WORDS_BYTES);
  const view = new DataView(word.buffer);
  word.set(key.subarray(0, count), WORDS_BYTES - count);
  const first = view.getBigUint64(0, true) ^ BigInt(length);
  word.fill(0);
  word.set(key.subarray(length - count, length));
  const mixed = BigInt.asUintN(64, first + view.getBigUint64(0, true) * MIXING);
  return [Number(BigInt.asIntN(32, mixed)), Number(BigInt.asIntN(32, mixed >> 32n))];
}

function distinct(words: readonly Words[]): number {
  return new Set(words.map(String)).size;
}

interface Keys {
  readonly bytes: number | undefined;
  readonly words: readonly Words[];
}

/** Tries multipliers, and more and more places, until all keys that can be told apart are. */
function search({ bytes, words }: Keys): KeyPlaces {
  const multiplier = multipliersFor(bytes);
  const usedMax = distinct(words);
  const bitsMin = Math.max(1, Math.ceil(Math.log2(words.length)));
  const bitsMax = Math.ceil(Math.log2(words.length * PLACES_A_KEY_MAX));
  let best: Omit<KeyPlaces, "keys"> = { bytes, multipliers: multiplier(), bits: bitsMax };
  let most = 0;
  for (let bits = bitsMin; bits <= bitsMax && most < usedMax; bits++) {
    for (let tried = 0; tried < TRIES && most < usedMax; tried++) {
      const multipliers = multiplier();
      const used = new Set(words.map((word) => placeOf(word, multipliers, bits))).size;
      if (used <= most) continue;
      most = used;
      best = { bytes, multipliers, bits };
    }
  }
  const keys = Array.from({ length: 2 ** best.bits }, (): number[] => []);
  for (const [key, word] of words.entries()) keys[placeOf(word, best.multipliers, best.bits)]?.push(key);
  return { ...best, keys };
}

function placeOf([first, second]: Words, [one, other]: Words, bits: number): number {
  return (Math.imul(first, one) + Math.imul(second, other)) >>> (32 - bits);
}

/** Odd multipliers, the same ones each time. What they shift out of a word need not be removed from it. */
function multipliersFor(bytes = WORDS_BYTES): () => Words {
  let last = 0;
  const next = (): number => (last = (Math.imul(last, 1_664_525) + 1_013_904_223) | 0) | 1;
  const beyond = (wanted: number): number => 8 * (WORD_BYTES - Math.max(0, Math.min(wanted, WORD_BYTES)));
  return () => {
    const second = bytes > WORD_BYTES ? next() << beyond(bytes - WORD_BYTES) : 0;
    return [next() << beyond(bytes), second];
  };
}
