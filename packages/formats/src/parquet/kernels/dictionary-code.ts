/** `codesOf` of dictionary.ts, with tables that grow with what is in them. */
import { block, br, brIf, fill, get, i32, i64, loop, set, when, whilst } from "@df/core/wasm/code";
import type { Code, Local } from "@df/core/wasm/code";
import type { WasmFunction } from "@df/core/wasm/module";
import { STEPS_PER_VALUE, TRIAL_DISTINCT_MAX, TRIAL_VALUES } from "../dictionary.ts";
import { add, entry, kernel, step } from "./kernel.ts";
import type { On } from "./kernel.ts";
import { tail, wordAt } from "./text-code.ts";

const UPPER_FACTOR = 0x85ebca6b | 0;
const HASH_FACTOR = 0x9e3779b1 | 0;
const TEXT_FACTOR = 0x9e3779b97f4a7c15n;
/** Slots of a table that holds nothing yet: more than twice as many as there are values, up to this. */
const FIRST_SLOTS_MAX = 32_768;
/** Slots for each value, at least. */
const SLOTS_A_VALUE = 2;

const INT_PARAMS = ["values", "count", "distinctMax", "codes", "table", "distinctValues"] as const;
const TEXT_PARAMS = [
  "starts",
  "ends",
  "bytes",
  "bytesLeft",
  "count",
  "distinctMax",
  "codes",
  "table",
  "distinctStarts",
  "distinctEnds",
  "hashes",
] as const;
const LOCALS = {
  i: "i32",
  code: "i32",
  hash: "i32",
  slot: "i32",
  /** Slots, less one. */
  mask: "i32",
  distinct: "i32",
  steps: "i32",
  /** −1 where there is no dictionary. */
  result: "i32",
} as const;
const INT_LOCALS = { ...LOCALS, value: "i64", last: "i64" } as const;
const TEXT_LOCALS = {
  ...LOCALS,
  start: "i32",
  length: "i32",
  other: "i32",
  left: "i32",
  mixed: "i64",
  mixedMore: "i64",
} as const;
type Names = On<readonly ["count", "distinctMax", "codes", "table"], typeof LOCALS>;

/**
 * Writes the code of each of `count` values of 2^`shift` bytes, and the distinct values in the order of their codes; the
 * number of codes, or −1 where there is no dictionary. `table` has room for 4 int32 a code, and for 32,768.
 */
export function intDictionaryKernel(shift: 2 | 3): WasmFunction {
  const load = shift === 3 ? i64.load : i64.load32;
  const store = shift === 3 ? i64.store : i64.store32;
  return kernel(INT_PARAMS, INT_LOCALS, (on) => {
    const { values, distinctValues, i, code, distinct, hash, value, last } = on;
    const known = (index: Local): Code => entry(distinctValues, index, shift);
    return [
      // Anything but the first value.
      set(last, i64.xor(load(get(values)), i64.const(1n))),
      codesOf(on, {
        read: [
          set(value, load(entry(values, i, shift))),
          // Sorted columns have runs.
          brIf("coded", i64.eq(get(value), get(last))),
          set(last, get(value)),
          hashInt(hash, value, shift),
        ],
        unlessEqual: brIf("other", i64.ne(load(known(code)), get(value))),
        keep: store(known(distinct), get(value)),
        hashAgain: hashInt(hash, value, shift, load(known(code))),
      }),
    ];
  });
}

/** The hash of dictionary.ts. */
function hashInt(hash: Local, value: Local, shift: 2 | 3, of?: Code): Code {
  const lower = i32.wrap(get(value));
  const upper = shift === 3 ? i32.wrap(i64.shr_u(get(value), i64.const(32n))) : lower;
  return [
    of === undefined ? [] : set(value, of),
    set(hash, i32.mul(i32.xor(lower, i32.mul(upper, i32.const(UPPER_FACTOR))), i32.const(HASH_FACTOR))),
    set(hash, i32.xor(get(hash), i32.shr_u(get(hash), i32.const(15)))),
  ];
}

/** The same for texts; their bytes with four more each may be `bytesLeft` together. */
export function textDictionaryKernel(): WasmFunction {
  return kernel(TEXT_PARAMS, TEXT_LOCALS, (on) => {
    const { starts, ends, bytes, bytesLeft, distinctStarts, distinctEnds, hashes } = on;
    const { i, code, distinct, hash, start, length, other } = on;
    const int = (array: Local, index: Local): Code => i32.load(entry(array, index, 2));
    const place = (array: Local, value: Code): Code => i32.store(entry(array, distinct, 2), value);
    return codesOf(on, {
      read: [
        set(start, int(starts, i)),
        set(length, i32.sub(int(ends, i), get(start))),
        add(start, get(bytes)),
        hashText(on),
      ],
      unlessEqual: [
        brIf("other", i32.ne(int(hashes, code), get(hash))),
        set(other, int(distinctStarts, code)),
        brIf("other", i32.ne(i32.sub(int(distinctEnds, code), get(other)), get(length))),
        add(other, get(bytes)),
        unlessSame(on),
      ],
      keep: [
        set(bytesLeft, i32.sub(get(bytesLeft), i32.add(get(length), i32.const(4)))),
        brIf("none", i32.lt_s(get(bytesLeft), i32.const(0))),
        place(distinctStarts, i32.sub(get(start), get(bytes))),
        place(distinctEnds, int(ends, i)),
        place(hashes, get(hash)),
      ],
      hashAgain: set(hash, int(hashes, code)),
    });
  });
}

/** What differs between kinds of values. */
interface Kind {
  /** Reads value `i` and its `hash`; leaves the block "coded" where the code stays as it was. */
  readonly read: Code;
  /** Leaves the block "other" where the value of `code` is another one. */
  readonly unlessEqual: Code;
  /** Keeps the value as number `distinct`; leaves the block "none" where there is no room for it. */
  readonly keep: Code;
  /** Sets `hash` to that of the value of `code`. */
  readonly hashAgain: Code;
}

function codesOf(on: Names, { read, unlessEqual, keep, hashAgain }: Kind): Code {
  const { count, distinctMax, codes, table, i, code, hash, slot, mask, distinct, steps, result } = on;
  return [
    set(mask, i32.const(FIRST_SLOTS_MAX - 1)),
    whilst(
      i32.lt_u(i32.mul(get(count), i32.const(2 * SLOTS_A_VALUE)), get(mask)),
      set(mask, i32.shr_u(get(mask), i32.const(1))),
    ),
    clear(on),
    set(steps, i32.mul(get(count), i32.const(STEPS_PER_VALUE))),
    set(result, i32.const(-1)),
    block(
      "none",
      whilst(
        i32.lt_u(get(i), get(count)),
        block(
          "coded",
          read,
          set(slot, i32.and(get(hash), get(mask))),
          block(
            "new",
            loop(
              "probe",
              set(code, i32.sub(i32.load(entry(table, slot, 2)), i32.const(1))),
              brIf("new", i32.lt_s(get(code), i32.const(0))),
              block("other", unlessEqual, br("coded")),
              brIf("none", i32.eqz(get(steps))),
              step(steps, -1),
              nextSlot(on),
              br("probe"),
            ),
          ),
          brIf("none", i32.eq(get(distinct), get(distinctMax))),
          when(
            i32.eq(get(i), i32.const(TRIAL_VALUES)),
            brIf("none", i32.lt_s(i32.const(TRIAL_DISTINCT_MAX), get(distinct))),
          ),
          keep,
          step(distinct, 1),
          i32.store(entry(table, slot, 2), get(distinct)),
          when(i32.gt_u(i32.mul(get(distinct), i32.const(SLOTS_A_VALUE)), get(mask)), grow(on, hashAgain)),
          set(code, i32.sub(get(distinct), i32.const(1))),
        ),
        i32.store(entry(codes, i, 2), get(code)),
        step(i, 1),
      ),
      set(result, get(distinct)),
    ),
    get(result),
  ];
}

function nextSlot({ slot, mask }: Names): Code {
  return set(slot, i32.and(i32.add(get(slot), i32.const(1)), get(mask)));
}

function clear({ table, mask }: Names): Code {
  return fill(get(table), i32.const(0), i32.shl(i32.add(get(mask), i32.const(1)), i32.const(2)));
}

/** Doubles the table. */
function grow(on: Names, hashAgain: Code): Code {
  const { table, hash, mask, distinct, code, slot } = on;
  return [
    set(mask, i32.add(i32.shl(get(mask), i32.const(1)), i32.const(1))),
    clear(on),
    set(code, i32.const(0)),
    whilst(
      i32.lt_u(get(code), get(distinct)),
      hashAgain,
      set(slot, i32.and(get(hash), get(mask))),
      whilst(i32.load(entry(table, slot, 2)), nextSlot(on)),
      step(code, 1),
      i32.store(entry(table, slot, 2), get(code)),
    ),
  ];
}

type TextNames = On<typeof TEXT_PARAMS, typeof TEXT_LOCALS>;

/**
 * Any hash will do: it decides how long the search takes, and nothing else, unless texts were chosen to collide: then
 * one of the twins may give up. Sixteen bytes at once, for a product takes its time.
 */
function hashText(on: TextNames): Code {
  const { hash, start, length, left, mixed, mixedMore } = on;
  const mix = (into: Local, word: Code): Code => [
    set(into, i64.mul(i64.xor(get(into), word), i64.const(TEXT_FACTOR))),
    set(into, i64.xor(get(into), i64.shr_u(get(into), i64.const(32n)))),
  ];
  return [
    set(mixed, i64.fromU32(get(length))),
    set(mixedMore, i64.const(TEXT_FACTOR)),
    set(left, get(length)),
    whilst(
      i32.le_s(i32.const(16), get(left)),
      mix(mixed, wordAt(start, length, left)),
      mix(mixedMore, wordAt(start, length, left, 8)),
      step(left, -16),
    ),
    when(i32.le_s(i32.const(8), get(left)), mix(mixed, wordAt(start, length, left)), step(left, -8)),
    mix(mixedMore, tail(wordAt(start, length, left), left)),
    mix(mixed, get(mixedMore)),
    set(hash, i32.wrap(get(mixed))),
  ];
}

/** Leaves the block "other" where the bytes at `start` and `other` are not the same. */
function unlessSame({ start, other, length, left }: TextNames): Code {
  const own = wordAt(start, length, left);
  const others = wordAt(other, length, left);
  return [
    set(left, get(length)),
    whilst(i32.le_s(i32.const(8), get(left)), brIf("other", i64.ne(own, others)), step(left, -8)),
    brIf("other", i32.eqz(i64.eqz(tail(i64.xor(own, others), left)))),
  ];
}
