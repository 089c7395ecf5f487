/**
 * Exact sums of doubles: whatever the order of the values, in however many parts they were added, the result is the
 * exact sum rounded once. Values can be taken back, again exactly.
 *
 * A row holds three limbs of 32 bits each, as doubles that are whole multiples of 2^e, 2^(e+32) and 2^(e+64); e is
 * chosen per row and is a multiple of 16 above 2^-1074. A value is cut into limbs by adding and subtracting 1.5·2^52
 * times the limb's unit. What does not fit three limbs becomes an exact integer in the table's heap, where NaN, ±∞ and
 * −0 are counted as well, so that they can be taken back too.
 */
import type { DoubleColumn } from "../batch/column.ts";
import type { StateTable, ValueColumn } from "../state/state-store.ts";
import { bitLength, exponentOf, inUnits, quotientOfUnits, scaled, UNIT_EXPONENT } from "./rounding.ts";
import { isEmptySide, NO_SIDE, readSide, writeSide, type Side } from "./exact-side.ts";

// Words of a row. META is two int32: base (0 empty, −1 the exact integer, else 1 + base index) and adds since a carry.
const LOW = 1;
const MIDDLE = 2;
const HIGH = 3;
const COUNT = 4;
const SIDE = 5;

const WIDE = -1;
const EMPTY = 0;
const BASE_STEP = 16;
/** Bases up to 124: one more, and cutting the highest limb would overflow. */
const BASES = 124;
/** A limb stays below 2^53 of its units: each add is at most 2^31 of them. */
const ADDS_MAX = 1 << 20;
/** What a freshly placed or carried limb may already hold (2^45 of its units), in adds. */
const CARRIED = 1 << 14;

/** Per base: what cuts off the high, the middle and the low limb, and the magnitude from which a value is too large. */
const CUTS = cuts();

function cuts(): Float64Array {
  const table = new Float64Array((BASES + 1) * 4);
  for (let base = 1; base <= BASES; base++) {
    const exponent = exponentOfBase(base);
    table[base * 4] = 1.5 * 2 ** (exponent + 64 + 52);
    table[base * 4 + 1] = 1.5 * 2 ** (exponent + 32 + 52);
    table[base * 4 + 2] = 1.5 * 2 ** (exponent + 52);
    table[base * 4 + 3] = 2 ** (exponent + 95);
  }
  return table;
}

function exponentOfBase(base: number): number {
  return UNIT_EXPONENT + (base - 1) * BASE_STEP;
}

/** The part of a table's row that a sum needs; names begin with `name`. */
export function exactSumState(name: string): readonly ValueColumn[] {
  const bytes = { name: `${name}.side`, type: { kind: "bytes" }, nullable: true, optional: false } as const;
  return [
    { name: `${name}.sum`, words: SIDE },
    { name: bytes.name, field: bytes },
  ];
}

/**
 * Sums in rows of a table. `rows` are word offsets of rows; the words of `exactSumState` begin `offset` words later.
 */
export class ExactSums {
  readonly #table: StateTable;
  readonly #offset: number;

  constructor(table: StateTable, offset: number) {
    this.#table = table;
    this.#offset = offset;
  }

  /** Adds value `source[i]` to row `rows[i]`, `diffs[source[i]]` times; nulls are passed over. */
  fold(
    rows: Int32Array,
    column: DoubleColumn,
    source: Int32Array,
    { count, diffs }: { readonly count: number; readonly diffs?: Int32Array | undefined },
  ): void {
    const { values, validity } = column;
    let words = this.#table.words;
    let ints = this.#table.ints;
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (validity !== undefined && validity[from] === 0) continue;
      const diff = diffs === undefined ? 1 : (diffs[from] as number);
      const at = (rows[i] as number) + this.#offset;
      const value = values[from] as number;
      if ((diff === 1 || diff === -1) && addNarrow(words, ints, at, diff * value)) {
        words[at + COUNT] = (words[at + COUNT] as number) + diff;
        continue;
      }
      this.#addSlowly(at, value, diff);
      words = this.#table.words;
      ints = this.#table.ints;
    }
  }

  /** Adds one value to a row, `times` times; negative takes it back. */
  add(row: number, value: number, times: number): void {
    this.#addSlowly(row + this.#offset, value, times);
  }

  /** Values added less those taken back. */
  count(row: number): number {
    return this.#table.words[row + this.#offset + COUNT] as number;
  }

  /** The sum, rounded once: NaN with a NaN or both infinities, −0 if every value is −0, 0 for none. */
  sum(row: number): number {
    const at = row + this.#offset;
    const special = this.#special(at);
    if (special !== undefined) return special;
    const base = this.#table.ints[at * 2] as number;
    const sum =
      base === WIDE ? quotientOfUnits(this.#side(at).wide, 1n) : base === EMPTY ? 0 : this.#narrow(at, base);
    return sum === 0 ? this.#zero(at) : sum;
  }

  /**
   * The correctly rounded sum divided by the count, as `math.fsum(x) / n` in Python: always the quotient of what
   * `sum` and a count show. Where the sum overflows, the exact quotient, rounded once. NaN for no values.
   */
  average(row: number): number {
    const at = row + this.#offset;
    const count = this.#table.words[at + COUNT] as number;
    if (count <= 0) return Number.NaN;
    const special = this.#special(at);
    if (special !== undefined) return special;
    const sum = this.sum(row);
    return Number.isFinite(sum) ? sum / count : quotientOfUnits(this.#units(at), BigInt(count));
  }

  /** Adds the sum in row `from` to row `into`. */
  merge(into: number, from: number): void {
    const a = into + this.#offset;
    const b = from + this.#offset;
    const { words, ints } = this.#table;
    const base = ints[b * 2] as number;
    const adds = (ints[a * 2 + 1] as number) + (ints[b * 2 + 1] as number) + CARRIED;
    words[a + COUNT] = (words[a + COUNT] as number) + (words[b + COUNT] as number);
    if (base > 0 && base === ints[a * 2] && adds <= ADDS_MAX) {
      for (let limb = LOW; limb <= HIGH; limb++)
        words[a + limb] = (words[a + limb] as number) + (words[b + limb] as number);
      ints[a * 2 + 1] = adds;
    } else if (base !== EMPTY) this.#place(a, this.#units(a) + this.#units(b));
    const other = this.#side(b);
    if (isEmptySide(other)) return;
    const side = this.#side(a);
    this.#setSide(a, {
      nan: side.nan + other.nan,
      positive: side.positive + other.positive,
      negative: side.negative + other.negative,
      negativeZero: side.negativeZero + other.negativeZero,
      wide: side.wide,
    });
  }

  /** Everything that the fast path refuses. */
  #addSlowly(at: number, value: number, times: number): void {
    if (value - value !== 0 || Object.is(value, -0)) this.#countSpecial(at, value, times);
    else if (value !== 0) this.#addFinite(at, value, times);
    const { words } = this.#table;
    words[at + COUNT] = (words[at + COUNT] as number) + times;
  }

  #countSpecial(at: number, value: number, times: number): void {
    const side = this.#side(at);
    this.#setSide(at, {
      nan: side.nan + (Number.isNaN(value) ? times : 0),
      positive: side.positive + (value === Number.POSITIVE_INFINITY ? times : 0),
      negative: side.negative + (value === Number.NEGATIVE_INFINITY ? times : 0),
      negativeZero: side.negativeZero + (value === 0 ? times : 0),
      wide: side.wide,
    });
  }

  #addFinite(at: number, value: number, times: number): void {
    const { words, ints } = this.#table;
    if (times === 1 || times === -1) {
      if (ints[at * 2] === EMPTY) ints[at * 2] = baseFor(value);
      if ((ints[at * 2 + 1] as number) >= ADDS_MAX) carry(words, ints, at);
      if (addNarrow(words, ints, at, times * value)) return;
    }
    this.#place(at, this.#units(at) + inUnits(value) * BigInt(times));
  }

  /** The finite values' exact sum in units of 2^-1074. */
  #units(at: number): bigint {
    const { words, ints } = this.#table;
    const base = ints[at * 2] as number;
    if (base === WIDE) return this.#side(at).wide;
    if (base === EMPTY) return 0n;
    return (
      inUnits(words[at + LOW] as number) +
      inUnits(words[at + MIDDLE] as number) +
      inUnits(words[at + HIGH] as number)
    );
  }

  /** Stores a sum: in limbs where it fits with room on both sides, else as an integer. */
  #place(at: number, units: bigint): void {
    const base = units === 0n ? EMPTY : baseForUnits(units);
    const { words, ints } = this.#table;
    ints[at * 2] = base;
    ints[at * 2 + 1] = base > 0 ? CARRIED : 0;
    words.fill(0, at + LOW, at + HIGH + 1);
    if (base > 0) setLimbs(words, at, { units, base });
    const side = this.#side(at);
    const wide = base === WIDE ? units : 0n;
    if (side.wide !== wide) this.#setSide(at, { ...side, wide });
  }

  #special(at: number): number | undefined {
    if (this.#table.words[at + SIDE] === 0) return undefined;
    const { nan, positive, negative } = this.#side(at);
    if (nan > 0 || (positive > 0 && negative > 0)) return Number.NaN;
    if (positive > 0) return Number.POSITIVE_INFINITY;
    return negative > 0 ? Number.NEGATIVE_INFINITY : undefined;
  }

  #zero(at: number): number {
    const { negativeZero } = this.#side(at);
    return negativeZero > 0 && negativeZero === this.#table.words[at + COUNT] ? -0 : 0;
  }

  #narrow(at: number, base: number): number {
    const { words } = this.#table;
    return roundLimbs(
      {
        low: words[at + LOW] as number,
        middle: words[at + MIDDLE] as number,
        high: words[at + HIGH] as number,
      },
      base,
    );
  }

  #side(at: number): Side {
    const reference = this.#table.words[at + SIDE] as number;
    return reference === 0 ? NO_SIDE : readSide(this.#table.heap.get(reference));
  }

  #setSide(at: number, side: Side): void {
    const { heap, words } = this.#table;
    const old = words[at + SIDE] as number;
    if (old !== 0) heap.free(old);
    const bytes = isEmptySide(side) ? undefined : writeSide(side);
    const reference = bytes === undefined ? 0 : heap.put(bytes, 0, bytes.length);
    this.#table.words[at + SIDE] = reference;
  }
}

/** Adds a value to the limbs of a row, if it is a nonzero sum of their units and there is room. */
function addNarrow(words: Float64Array, ints: Int32Array, at: number, value: number): boolean {
  const base = ints[at * 2] as number;
  const adds = ints[at * 2 + 1] as number;
  if (base <= 0 || adds >= ADDS_MAX) return false;
  const cutHigh = CUTS[base * 4] as number;
  const cutMiddle = CUTS[base * 4 + 1] as number;
  const cutLow = CUTS[base * 4 + 2] as number;
  const limit = CUTS[base * 4 + 3] as number;
  const high = value + cutHigh - cutHigh;
  const rest = value - high;
  const middle = rest + cutMiddle - cutMiddle;
  const last = rest - middle;
  const low = last + cutLow - cutLow;
  if (last !== low || value >= limit || value <= -limit || value === 0) return false;
  ints[at * 2 + 1] = adds + 1;
  words[at + LOW] = (words[at + LOW] as number) + low;
  words[at + MIDDLE] = (words[at + MIDDLE] as number) + middle;
  words[at + HIGH] = (words[at + HIGH] as number) + high;
  return true;
}

/** Moves what a limb holds beyond half a unit of the next one up, so that the low limbs have room again. */
function carry(words: Float64Array, ints: Int32Array, at: number): void {
  const base = ints[at * 2] as number;
  if (base <= 0) return;
  const cutHigh = CUTS[base * 4] as number;
  const cutMiddle = CUTS[base * 4 + 1] as number;
  const low = words[at + LOW] as number;
  const up = low + cutMiddle - cutMiddle;
  const middle = (words[at + MIDDLE] as number) + up;
  const over = middle + cutHigh - cutHigh;
  const high = (words[at + HIGH] as number) + over;
  // 2^44 units of the high limb: CARRIED adds account for them.
  if (Math.abs(high) >= (CUTS[base * 4 + 3] as number) * 2 ** 13) return;
  words[at + LOW] = low - up;
  words[at + MIDDLE] = middle - over;
  words[at + HIGH] = high;
  ints[at * 2 + 1] = CARRIED;
}

/** The base for a first value: its 53 bits in the middle of the window. −1 where there is none. */
function baseFor(value: number): number {
  const lowest = Math.max(0, exponentOf(value) - 52 - 14 - UNIT_EXPONENT);
  const base = Math.floor(lowest / BASE_STEP) + 1;
  return base <= BASES ? base : EMPTY;
}

/** The base whose three limbs hold the units, with the room to spare on both sides; WIDE if there is none. */
function baseForUnits(units: bigint): number {
  const magnitude = units < 0n ? -units : units;
  const top = bitLength(magnitude);
  const bottom = bitLength(magnitude & -magnitude) - 1;
  // With 15 bits lost to the step, the high limb stays below 2^44 units, see CARRIED.
  const room = 92 - (top - bottom);
  if (room < 0) return WIDE;
  const base = Math.floor(Math.max(0, bottom - (room >> 1)) / BASE_STEP) + 1;
  return base <= BASES ? base : WIDE;
}

/** Cuts units into limbs of at most half a unit of the next one; the high limb takes what is left, below 2^44. */
function setLimbs(
  words: Float64Array,
  at: number,
  { units, base }: { readonly units: bigint; readonly base: number },
): void {
  const exponent = exponentOfBase(base);
  let rest = units >> BigInt((base - 1) * BASE_STEP);
  for (let limb = LOW; limb < HIGH; limb++) {
    const part = BigInt.asIntN(32, rest);
    rest = (rest - part) >> 32n;
    words[at + limb] = scaled(Number(part), exponent + (limb - LOW) * 32);
  }
  words[at + HIGH] = scaled(Number(rest), exponent + 64);
}

/**
 * The sum of three limbs, rounded once: after a carry each is at most half a unit of the next, so the two highest give
 * the nearest double and an error whose tie the lowest one breaks, as in Shewchuk's sums (Python's math.fsum).
 */
function roundLimbs(
  limbs: { readonly low: number; readonly middle: number; readonly high: number },
  base: number,
): number {
  const cutHigh = CUTS[base * 4] as number;
  const cutMiddle = CUTS[base * 4 + 1] as number;
  const up = limbs.low + cutMiddle - cutMiddle;
  const carried = limbs.middle + up;
  const over = carried + cutHigh - cutHigh;
  const high = limbs.high + over;
  const middle = carried - over;
  const low = limbs.low - up;
  const sum = high + middle;
  const error = middle - (sum - high);
  if (error === 0) return sum + low;
  const twice = error * 2;
  const next = sum + twice;
  const isTie = next - sum === twice;
  return isTie && ((error > 0 && low > 0) || (error < 0 && low < 0)) ? next : sum;
}
