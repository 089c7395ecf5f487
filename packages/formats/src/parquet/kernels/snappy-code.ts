/** `compressFragment` of snappy.ts for all fragments of a page, byte for byte: eight or sixteen bytes at once. */
import { block, br, brIf, fill, get, i32, i64, loop, select, set, tee, v128, when } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { WasmFunction } from "@df/core/wasm/module";
import { FRAGMENT_BYTES, HASH_BITS, HASH_FACTOR, MARGIN_BYTES } from "../snappy.ts";
import { add, kernel, step } from "./kernel.ts";
import type { On } from "./kernel.ts";

const PARAMS = ["start", "end", "to", "table"] as const;
const LOCALS = {
  fragmentEnd: "i32",
  limit: "i32",
  literal: "i32",
  at: "i32",
  misses: "i32",
  word: "i32",
  slot: "i32",
  earlier: "i32",
  length: "i32",
  offset: "i32",
  differs: "i64",
} as const;
type Names = On<typeof PARAMS, typeof LOCALS>;

/**
 * Compresses the bytes from `start` to `end` to the address `to`; the address behind the last one. `table` has room for
 * 2^`HASH_BITS` int16. Up to 15 bytes behind the source are read, and behind the result written.
 */
export function snappyKernel(): WasmFunction {
  return kernel(PARAMS, LOCALS, (on) => {
    const { start, end, to, fragmentEnd, literal, at } = on;
    return [
      block(
        "all",
        loop(
          "fragment",
          brIf("all", i32.le_u(get(end), get(start))),
          set(
            fragmentEnd,
            select(
              get(end),
              i32.add(get(start), i32.const(FRAGMENT_BYTES)),
              i32.le_u(i32.sub(get(end), get(start)), i32.const(FRAGMENT_BYTES)),
            ),
          ),
          set(literal, get(start)),
          search(on),
          set(at, get(fragmentEnd)),
          when(i32.lt_u(get(literal), get(at)), writeLiteral(on)),
          set(start, get(fragmentEnd)),
          br("fragment"),
        ),
      ),
      get(to),
    ];
  });
}

/** Writes all of a fragment but the literal at its end. */
function search(on: Names): Code {
  const { start, fragmentEnd, limit, literal, at, misses, word, slot, earlier, offset, length, table } = on;
  const isOver = brIf("searched", i32.le_s(get(limit), get(at)));
  return block(
    "searched",
    set(limit, i32.sub(get(fragmentEnd), i32.const(MARGIN_BYTES))),
    set(at, i32.add(get(start), i32.const(1))),
    isOver,
    fill(get(table), i32.const(0), i32.const(2 << HASH_BITS)),
    set(misses, i32.const(32)),
    loop(
      "search",
      isOver,
      set(slot, slotOf(on, tee(word, i32.load(get(at))))),
      set(earlier, i32.add(get(start), i32.load16(get(slot)))),
      i32.store16(get(slot), i32.sub(get(at), get(start))),
      when(
        i32.ne(i32.load(get(earlier)), get(word)),
        add(at, i32.shr_u(get(misses), i32.const(5))),
        step(misses, 1),
        br("search"),
      ),
      set(misses, i32.const(32)),
      when(i32.lt_u(get(literal), get(at)), writeLiteral(on)),
      set(offset, i32.sub(get(at), get(earlier))),
      match(on),
      add(at, get(length)),
      set(literal, get(at)),
      writeCopy(on),
      isOver,
      i32.store16(
        slotOf(on, i32.load(i32.sub(get(at), i32.const(1)))),
        i32.sub(i32.sub(get(at), i32.const(1)), get(start)),
      ),
      br("search"),
    ),
  );
}

/** The place of four bytes in the table. */
function slotOf({ table }: Names, word: Code): Code {
  const hash = i32.shr_u(i32.mul(word, i32.const(HASH_FACTOR)), i32.const(32 - HASH_BITS));
  return i32.add(get(table), i32.shl(hash, i32.const(1)));
}

/** Counts in `length` the bytes that are equal from `earlier` and from `at` on, of which 4 are known to be. */
function match({ at, earlier, length, fragmentEnd, differs }: Names): Code {
  const from = (base: Names["at"]): Code => i32.add(get(base), get(length));
  const left = i32.sub(get(fragmentEnd), from(at));
  return [
    set(length, i32.const(4)),
    block(
      "matched",
      loop(
        "words",
        when(
          i32.le_s(i32.const(8), left),
          set(differs, i64.xor(i64.load(from(at)), i64.load(from(earlier)))),
          when(
            i32.eqz(i64.eqz(get(differs))),
            add(length, i32.wrap(i64.shr_u(i64.ctz(get(differs)), i64.const(3n)))),
            br("matched"),
          ),
          step(length, 8),
          br("words"),
        ),
      ),
      loop(
        "bytes",
        brIf("matched", i32.le_s(left, i32.const(0))),
        brIf("matched", i32.ne(i32.load8(from(at)), i32.load8(from(earlier)))),
        step(length, 1),
        br("bytes"),
      ),
    ),
  ];
}

/** Writes the bytes from `literal` to `at`, of which there is one at least. Uses `length`. */
function writeLiteral({ literal, at, to, length }: Names): Code {
  const tag = (bytes: number): Code => i32.store8(get(to), i32.const(bytes << 2));
  return [
    // As the format has it, one less.
    set(length, i32.sub(i32.sub(get(at), get(literal)), i32.const(1))),
    block(
      "tagged",
      when(
        i32.lt_u(get(length), i32.const(60)),
        i32.store8(get(to), i32.shl(get(length), i32.const(2))),
        step(to, 1),
        br("tagged"),
      ),
      when(
        i32.lt_u(get(length), i32.const(256)),
        tag(60),
        i32.store8(get(to), get(length), 1),
        step(to, 2),
        br("tagged"),
      ),
      tag(61),
      i32.store16(get(to), get(length), 1),
      step(to, 3),
    ),
    loop(
      "copy",
      v128.store(get(to), v128.load(get(literal))),
      step(to, 16),
      step(literal, 16),
      brIf("copy", i32.lt_u(get(literal), get(at))),
    ),
    // As many bytes too many.
    set(to, i32.sub(get(to), i32.sub(get(literal), get(at)))),
  ];
}

/** Writes copies of `length` bytes from `offset` bytes before. */
function writeCopy(on: Names): Code {
  const { length, to, offset } = on;
  return [
    loop(
      "long",
      when(
        i32.le_u(i32.const(68), get(length)),
        writeLongCopy(on, i32.const((63 << 2) | 2)),
        step(length, -64),
        br("long"),
      ),
    ),
    when(
      i32.lt_u(i32.const(64), get(length)),
      writeLongCopy(on, i32.const((59 << 2) | 2)),
      step(length, -60),
    ),
    block(
      "copied",
      when(
        i32.or(i32.le_u(i32.const(12), get(length)), i32.le_u(i32.const(2048), get(offset))),
        writeLongCopy(on, i32.or(i32.shl(i32.sub(get(length), i32.const(1)), i32.const(2)), i32.const(2))),
        br("copied"),
      ),
      i32.store8(
        get(to),
        i32.or(
          i32.or(
            i32.shl(i32.shr_u(get(offset), i32.const(8)), i32.const(5)),
            i32.shl(i32.sub(get(length), i32.const(4)), i32.const(2)),
          ),
          i32.const(1),
        ),
      ),
      i32.store8(get(to), get(offset), 1),
      step(to, 2),
    ),
  ];
}

function writeLongCopy({ to, offset }: Names, tag: Code): Code {
  return [i32.store8(get(to), tag), i32.store16(get(to), get(offset), 1), step(to, 3)];
}
