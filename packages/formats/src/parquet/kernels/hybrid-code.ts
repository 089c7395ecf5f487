/** `writeHybrid` of hybrid.ts, byte for byte. */
import { block, br, brIf, fill, get, i32, i64, loop, select, set, when, whilst } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { WasmFunction } from "@df/core/wasm/module";
import { RUN_MIN } from "../hybrid.ts";
import { add, kernel, step } from "./kernel.ts";
import type { On } from "./kernel.ts";

const PARAMS = ["at", "end", "width", "to"] as const;
const LOCALS = {
  packed: "i32",
  runEnd: "i32",
  value: "i32",
  count: "i32",
  bits: "i32",
  packedEnd: "i32",
  word: "i64",
} as const;
type Names = On<typeof PARAMS, typeof LOCALS>;

/**
 * Writes the values from address `at` to `end`, each of 2^`shift` bytes (0 or 2) and below 2^`width`, to the address
 * `to`; the address behind them. Up to 4 bytes behind them are written.
 */
export function hybridKernel(shift: 0 | 2): WasmFunction {
  const load = shift === 0 ? i32.load8 : i32.load;
  return kernel(PARAMS, LOCALS, (on) => {
    const { at, end, to, packed, runEnd, value } = on;
    return [
      set(packed, get(at)),
      loop(
        "more",
        block(
          "run",
          loop(
            "seek",
            set(runEnd, get(at)),
            brIf("run", i32.le_u(get(end), get(at))),
            set(value, load(get(at))),
            // Past all that are equal.
            block(
              "ended",
              loop(
                "equal",
                step(runEnd, 1 << shift),
                brIf("ended", i32.le_u(get(end), get(runEnd))),
                brIf("equal", i32.eq(load(get(runEnd)), get(value))),
              ),
            ),
            brIf("run", i32.le_u(i32.const(RUN_MIN << shift), i32.sub(get(runEnd), get(at)))),
            // Only the last packed run may end within a group of eight.
            step(at, 8 << shift),
            set(at, select(get(at), get(end), i32.lt_u(get(at), get(end)))),
            br("seek"),
          ),
        ),
        when(i32.lt_u(get(packed), get(at)), writePacked(on, load, shift)),
        when(
          i32.lt_u(get(at), get(runEnd)),
          writeRun(on, shift),
          set(at, get(runEnd)),
          set(packed, get(at)),
          brIf("more", i32.lt_u(get(at), get(end))),
        ),
      ),
      get(to),
    ];
  });
}

/** Writes `value` as often as there are entries from `at` to `runEnd`. */
function writeRun(on: Names, shift: number): Code {
  const { at, runEnd, value, width, to, count, bits } = on;
  return [
    // Twice their number.
    set(count, i32.shl(i32.shr_u(i32.sub(get(runEnd), get(at)), i32.const(shift)), i32.const(1))),
    writeCount(on),
    set(bits, i32.const(0)),
    whilst(
      i32.lt_s(get(bits), get(width)),
      i32.store8(get(to), i32.shr_u(get(value), get(bits))),
      step(to, 1),
      step(bits, 8),
    ),
  ];
}

/** Writes the values from `packed` to `at`, in groups of eight. */
function writePacked(on: Names, load: typeof i32.load, shift: number): Code {
  const { at, packed, width, to, count, bits, packedEnd, word } = on;
  const values = i32.shr_u(i32.sub(get(at), get(packed)), i32.const(shift));
  return [
    // Groups.
    set(count, i32.shr_u(i32.add(values, i32.const(7)), i32.const(3))),
    set(packedEnd, i32.mul(get(count), get(width))),
    set(count, i32.add(i32.shl(get(count), i32.const(1)), i32.const(1))),
    writeCount(on),
    add(packedEnd, get(to)),
    set(word, i64.const(0n)),
    set(bits, i32.const(0)),
    loop(
      "pack",
      set(word, i64.or(get(word), i64.shl(i64.fromU32(load(get(packed))), i64.fromU32(get(bits))))),
      add(bits, get(width)),
      when(
        i32.le_s(i32.const(32), get(bits)),
        i64.store32(get(to), get(word)),
        step(to, 4),
        set(word, i64.shr_u(get(word), i64.const(32n))),
        step(bits, -32),
      ),
      step(packed, 1 << shift),
      brIf("pack", i32.lt_u(get(packed), get(at))),
    ),
    // What is left, and zeros up to the end of the group.
    i64.store32(get(to), get(word)),
    add(to, i32.shr_u(i32.add(get(bits), i32.const(7)), i32.const(3))),
    fill(get(to), i32.const(0), i32.sub(get(packedEnd), get(to))),
    set(to, get(packedEnd)),
  ];
}

/** Writes `count` as ULEB128. */
function writeCount({ count, to }: Names): Code {
  return [
    whilst(
      i32.lt_u(i32.const(127), get(count)),
      i32.store8(get(to), i32.or(get(count), i32.const(128))),
      step(to, 1),
      set(count, i32.shr_u(get(count), i32.const(7))),
    ),
    i32.store8(get(to), get(count)),
    step(to, 1),
  ];
}
