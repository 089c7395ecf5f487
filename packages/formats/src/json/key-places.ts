/** Finds out how keys are told apart by a few of their bytes: each gets a place in a table, by a hash made for them. */

/** Bytes that are looked at, those that differ most: one word of 32 bits, or two. */
const WORD_BYTES = 4;
const WORDS_BYTES = 8;
/** Places of a key from which they may be taken. */
const WINDOWS_MAX = 32;
/** What finding the end of a key costs, in jumps that nobody foresees; measured. */
const END_JUMPS = 0.8;
/** What comparing with one key more costs, in the same. */
const COMPARING_JUMPS = 0.5;
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
  /** The bytes that the words are; undefined where they are made of more, see `wholeOf`. */
  readonly window: Window | undefined;
  readonly multipliers: Words;
  readonly bits: number;
  /** The numbers of the keys at each place: where there are several they are to be compared one after the other. */
  readonly keys: readonly (readonly number[])[];
}

/** Bytes from the place `at` of a key on, that every key has, its closing quote included. */
export interface Window {
  readonly at: number;
  readonly bytes: number;
}

type Words = readonly [number, number];

/** Finds places for keys, at most of which there is one. */
export function placesOf(keys: readonly Uint8Array[]): KeyPlaces {
  const quoted = keys.map((key) => Uint8Array.of(QUOTE, ...key, QUOTE));
  // Of each there are so many bytes behind the opening quote.
  const shortest = Math.min(...quoted.map(({ length }) => length - 1));
  const windows = [WORD_BYTES, WORDS_BYTES].flatMap((most) => {
    const bytes = Math.min(most, shortest);
    return Array.from({ length: Math.min(shortest - bytes + 1, WINDOWS_MAX) }, (_, at) => ({ at, bytes }));
  });
  const ways = windows.map((window) => ({ window, words: quoted.map((key) => wordsIn(key, window)) }));
  const best = ways.reduce((one, next) => (sharing(next.words) < sharing(one.words) ? next : one));
  if (sharing(best.words) <= keys.length * END_JUMPS) return search(best);
  return search({ window: undefined, words: quoted.map(wholeOf) });
}

/** The bytes of a window as two words: what is behind them is 0. */
function wordsIn(key: Uint8Array, { at, bytes }: Window): Words {
  const word = new Uint8Array(WORDS_BYTES);
  word.set(key.subarray(1 + at, 1 + at + bytes));
  const view = new DataView(word.buffer);
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

/** What it costs to read each key once where some have the same words, and are compared one after the other. */
function sharing(words: readonly Words[]): number {
  const alike = new Map<string, number>();
  for (const word of words.map(String)) alike.set(word, (alike.get(word) ?? 0) + 1);
  const jumps = (keys: number): number => (keys === 1 ? 0 : keys * (1 + ((keys - 1) / 2) * COMPARING_JUMPS));
  return [...alike.values()].reduce((sum, keys) => sum + jumps(keys), 0);
}

interface Keys {
  readonly window: Window | undefined;
  readonly words: readonly Words[];
}

/** Tries multipliers, and more and more places, until all keys that can be told apart are. */
function search({ window, words }: Keys): KeyPlaces {
  const multiplier = multipliersFor(window?.bytes);
  const usedMax = new Set(words.map(String)).size;
  const bitsMin = Math.max(1, Math.ceil(Math.log2(words.length)));
  const bitsMax = Math.ceil(Math.log2(words.length * PLACES_A_KEY_MAX));
  let best: Omit<KeyPlaces, "keys"> = { window, multipliers: multiplier(), bits: bitsMax };
  let most = 0;
  for (let bits = bitsMin; bits <= bitsMax && most < usedMax; bits++) {
    for (let tried = 0; tried < TRIES && most < usedMax; tried++) {
      const multipliers = multiplier();
      const used = new Set(words.map((word) => placeOf(word, multipliers, bits))).size;
      if (used <= most) continue;
      most = used;
      best = { window, multipliers, bits };
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
