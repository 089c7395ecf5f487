/**
 * The code that hashes rows of whole numbers without nulls, four at a time, each in a lane of its own: `hash128` of
 * their canonical bytes. Where a row has which byte is known when the code is made, so the words of the hash are put
 * together of the columns' halves, and no bytes are written in between.
 */
import { f64x2, get, i32, i32x4, set, v128, whilst } from "../wasm/code.ts";
import type { Code, Local } from "../wasm/code.ts";
import { Constants, Locals } from "../wasm/constants.ts";
import type { WasmFunction } from "../wasm/module.ts";
import { PRESENT } from "./canonical-values.ts";
import { AVALANCHE, BLOCK_BYTES, HASH_WORDS } from "./hash.ts";
import type { HashWord } from "./hash.ts";

/** Where a column's values lie in memory, one behind the other: int32, or doubles that are safe integers. */
export interface WholeNumbers {
  readonly address: number;
  readonly isInt32: boolean;
}

/** Bytes of a value, with the one before it. */
const CELL_BYTES = 9;

const LOW_OF_TWO = [0, 8, 16, 24];
const OF_FOUR = [0, 4, 8, 12];
/** Of each four bytes that begin there the bytes, the last one first: big-endian. */
const swapped = (from: readonly number[]): number[] => from.flatMap((at) => [at + 3, at + 2, at + 1, at]);

/**
 * A function of a number of rows. It writes their hashes, four words each, from address `into` on; up to three hashes
 * more, of whatever lies there, where that number is no multiple of four.
 */
export function hashFunction(columns: readonly WholeNumbers[], into: number): WasmFunction {
  const locals = new Locals(1);
  const on = { locals, constants: new Constants(locals) };
  const rows: Local = { index: 0, type: "i32" };
  /** Four times the number of the row. */
  const at = locals.take("i32");
  const cells = columns.map((column) => cellCode(column, at, on));
  const row = new RowWords(
    cells.flatMap(({ high, low }, i) => [
      { at: i * CELL_BYTES + 1, value: high },
      { at: i * CELL_BYTES + 5, value: low },
    ]),
    columns.length,
    on.constants,
  );
  const body = [
    cells.map(({ code }) => code),
    wordsCode(row, columns.length * CELL_BYTES, { at, into }, on),
    set(at, i32.add(get(at), i32.const(16))),
  ];
  return {
    params: ["i32"],
    results: [],
    locals: locals.taken,
    body: [on.constants.begin(), whilst(i32.lt_u(get(at), i32.shl(get(rows), i32.const(2))), body)],
  };
}

/** Variables of the function. */
interface On {
  readonly locals: Locals;
  readonly constants: Constants;
}

/** The halves of the values of four rows, as `writeInteger` writes them, and the code that gives them their values. */
interface Cell {
  readonly high: Local;
  readonly low: Local;
  readonly code: Code;
}

function cellCode({ address, isInt32 }: WholeNumbers, at: Local, { locals, constants }: On): Cell {
  const high = locals.take("v128");
  const low = locals.take("v128");
  const signed = (bytes: Code): Code => v128.xor(bytes, constants.int(0x80));
  if (isInt32) {
    const above = i32x4.shr_s(get(low), i32.const(31));
    const code = [
      set(low, v128.load(get(at), address)),
      set(high, signed(above)),
      set(low, v128.shuffle(get(low), get(low), swapped(OF_FOUR))),
    ];
    return { high, low, code };
  }
  const highs = [locals.take("v128"), locals.take("v128")] as const;
  const lows = [locals.take("v128"), locals.take("v128")] as const;
  const halves = ([0, 1] as const).map((half) => {
    const [above, below] = [highs[half], lows[half]];
    // What is added last moves a whole number into the lowest bits of a double, in two's complement.
    return [
      set(below, v128.load(i32.shl(get(at), i32.const(1)), address + half * 16)),
      set(above, f64x2.floor(f64x2.mul(get(below), constants.double(2 ** -32)))),
      set(below, f64x2.sub(get(below), f64x2.mul(get(above), constants.double(2 ** 32)))),
      set(below, f64x2.add(get(below), constants.double(2 ** 52))),
      set(above, f64x2.add(get(above), constants.double(2 ** 52 + 2 ** 51))),
    ];
  });
  const code = [
    halves,
    set(high, signed(v128.shuffle(get(highs[0]), get(highs[1]), swapped(LOW_OF_TWO)))),
    set(low, v128.shuffle(get(lows[0]), get(lows[1]), swapped(LOW_OF_TWO))),
  ];
  return { high, low, code };
}

/** Four bytes of a row, of four rows at once. */
interface Piece {
  /** Where the first of them stands in the row. */
  readonly at: number;
  readonly value: Local;
}

/** The bytes of rows as words. */
class RowWords {
  readonly #pieces: readonly Piece[];
  readonly #cells: number;
  readonly #constants: Constants;

  constructor(pieces: readonly Piece[], cells: number, constants: Constants) {
    this.#pieces = pieces;
    this.#cells = cells;
    this.#constants = constants;
  }

  /** The little-endian word that begins there, of four rows; bytes behind the rows are 0. */
  at(start: number): Code {
    let present = 0;
    for (let cell = 0; cell < this.#cells; cell++) {
      const by = cell * CELL_BYTES - start;
      if (by >= 0 && by < 4) present |= PRESENT << (by * 8);
    }
    const parts = this.#pieces.flatMap(({ at, value }) => {
      const by = (at - start) * 8;
      if (by <= -32 || by >= 32) return [];
      if (by === 0) return [get(value)];
      return [by > 0 ? i32x4.shl(get(value), i32.const(by)) : i32x4.shr_u(get(value), i32.const(-by))];
    });
    if (present !== 0) parts.push(this.#constants.int(present));
    return parts.reduce((all, part) => v128.or(all, part));
  }
}

/** The hashes of rows of so many bytes, at four times `at` behind `into`. */
function wordsCode(
  row: RowWords,
  bytes: number,
  { at, into }: { readonly at: Local; readonly into: number },
  { locals, constants }: On,
): Code {
  const hash = HASH_WORDS.map(() => locals.take("v128"));
  const moved = locals.take("v128");
  const tail = bytes - (bytes % BLOCK_BYTES);
  const four = (value: number): Code => constants.int(value);
  const rotated = (value: Code, bits: number): Code => [
    set(moved, value),
    v128.or(i32x4.shl(get(moved), i32.const(bits)), i32x4.shr_u(get(moved), i32.const(32 - bits))),
  ];
  const mixed = (i: number, start: number): Code => {
    const { before, bits, after } = HASH_WORDS[i] as HashWord;
    return i32x4.mul(rotated(i32x4.mul(row.at(start), four(before)), bits), four(after));
  };
  const each = (code: (h: Local, i: number) => Code): Code => hash.map(code);
  const next = (i: number): Code => get(hash[(i + 1) % 4] as Local);
  const blocks = Array.from({ length: tail / BLOCK_BYTES }, (_, block) =>
    each((h, i) => {
      const { turn, add } = HASH_WORDS[i] as HashWord;
      return [
        set(h, v128.xor(get(h), mixed(i, block * BLOCK_BYTES + i * 4))),
        set(h, i32x4.add(rotated(get(h), turn), next(i))),
        set(h, i32x4.add(i32x4.add(i32x4.shl(get(h), i32.const(2)), get(h)), four(add))),
      ];
    }),
  );
  const rest = each((h, i) => {
    const start = tail + i * 4;
    const value = start < bytes ? v128.xor(get(h), mixed(i, start)) : get(h);
    return set(h, v128.xor(value, four(bytes)));
  });
  const [h1, ...others] = hash as [Local, Local, Local, Local];
  const sum = set(
    h1,
    others.reduce((all, h) => i32x4.add(all, get(h)), get(h1)),
  );
  const added = others.map((h) => set(h, i32x4.add(get(h), get(h1))));
  const avalanched = each((h) => [
    set(h, i32x4.mul(v128.xor(get(h), i32x4.shr_u(get(h), i32.const(16))), four(AVALANCHE[0]))),
    set(h, i32x4.mul(v128.xor(get(h), i32x4.shr_u(get(h), i32.const(13))), four(AVALANCHE[1]))),
    set(h, v128.xor(get(h), i32x4.shr_u(get(h), i32.const(16)))),
  ]);
  const zeros = each((h) => set(h, four(0)));
  return [zeros, blocks, rest, sum, added, avalanched, sum, added, storeCode(hash, { at, into })];
}

/** Writes four words of four rows row by row: what lay in lanes is turned. */
function storeCode(
  hash: readonly Local[],
  { at, into }: { readonly at: Local; readonly into: number },
): Code {
  const word = (lane: number): number[] => [0, 1, 2, 3].map((byte) => lane * 4 + byte);
  const lanes = (...of: readonly number[]): number[] => of.flatMap(word);
  const [a, b, c, d] = hash.map((h) => get(h)) as [Code, Code, Code, Code];
  const low = (x: Code, y: Code): Code => v128.shuffle(x, y, lanes(0, 4, 1, 5));
  const high = (x: Code, y: Code): Code => v128.shuffle(x, y, lanes(2, 6, 3, 7));
  const rows = [
    v128.shuffle(low(a, b), low(c, d), lanes(0, 1, 4, 5)),
    v128.shuffle(low(a, b), low(c, d), lanes(2, 3, 6, 7)),
    v128.shuffle(high(a, b), high(c, d), lanes(0, 1, 4, 5)),
    v128.shuffle(high(a, b), high(c, d), lanes(2, 3, 6, 7)),
  ];
  return rows.map((row, i) => v128.store(i32.shl(get(at), i32.const(2)), row, into + i * 16));
}
