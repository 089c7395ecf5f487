/** `boundsOf` of bounds.ts for int64 and texts. */
import { block, br, brIf, get, i32, i64, loop, select, set, tee, when, whilst } from "@df/core/wasm/code";
import type { Code, Local } from "@df/core/wasm/code";
import type { WasmFunction } from "@df/core/wasm/module";
import { add, entry, kernel, step } from "./kernel.ts";
import { tail, wordAt } from "./text-code.ts";

/** Writes the smallest and the largest of `count` int64, at least one, to the address `result`. */
export function int64BoundsKernel(): WasmFunction {
  const params = ["values", "count", "result"] as const;
  const locals = { i: "i32", value: "i64", min: "i64", max: "i64" } as const;
  return kernel(params, locals, ({ values, count, result, i, value, min, max }) => [
    set(min, i64.load(get(values))),
    set(max, get(min)),
    whilst(
      i32.lt_u(get(i), get(count)),
      set(value, i64.load(entry(values, i, 3))),
      set(min, select(get(value), get(min), i64.lt_s(get(value), get(min)))),
      set(max, select(get(value), get(max), i64.lt_s(get(max), get(value)))),
      step(i, 1),
    ),
    i64.store(get(result), get(min)),
    i64.store(get(result), get(max), 8),
    get(result),
  ]);
}

const TEXT_LOCALS = {
  i: "i32",
  start: "i32",
  length: "i32",
  min: "i32",
  minStart: "i32",
  minLength: "i32",
  max: "i32",
  maxStart: "i32",
  maxLength: "i32",
  /** Of two texts the length of the shorter one, and what is left of it. */
  shorter: "i32",
  left: "i32",
  order: "i32",
  differs: "i64",
} as const;

/** Writes the places of the smallest and the largest of `count` texts, at least one, to the address `result`. */
export function textBoundsKernel(): WasmFunction {
  const params = ["starts", "ends", "bytes", "count", "result"] as const;
  return kernel(params, TEXT_LOCALS, (on) => {
    const { starts, ends, bytes, count, result, i, start, length, order } = on;
    const { min, minStart, minLength, max, maxStart, maxLength } = on;
    const read = [
      set(length, i32.sub(i32.load(entry(ends, i, 2)), tee(start, i32.load(entry(starts, i, 2))))),
      add(start, get(bytes)),
    ];
    return [
      read,
      set(minStart, get(start)),
      set(minLength, get(length)),
      set(maxStart, get(start)),
      set(maxLength, get(length)),
      step(i, 1),
      whilst(
        i32.lt_u(get(i), get(count)),
        read,
        compare(on, minStart, minLength),
        when(
          i32.lt_s(get(order), i32.const(0)),
          set(min, get(i)),
          set(minStart, get(start)),
          set(minLength, get(length)),
        ),
        compare(on, maxStart, maxLength),
        when(
          i32.gt_s(get(order), i32.const(0)),
          set(max, get(i)),
          set(maxStart, get(start)),
          set(maxLength, get(length)),
        ),
        step(i, 1),
      ),
      i32.store(get(result), get(min)),
      i32.store(get(result), get(max), 4),
      get(result),
    ];
  });
}

/** Sets `order` to less than 0, 0 or more, as the text at `start` is less than, equal to or more than another one. */
function compare(
  on: Readonly<Record<keyof typeof TEXT_LOCALS, Local>>,
  other: Local,
  otherLength: Local,
): Code {
  const { start, length, shorter, left, order, differs } = on;
  const own = wordAt(start, shorter, left);
  const others = wordAt(other, shorter, left);
  // Where they differ first: the lowest byte that is not equal.
  const byteOf = (word: Code): Code =>
    i64.and(i64.shr_u(word, i64.and(i64.ctz(get(differs)), i64.const(56n))), i64.const(255n));
  return block(
    "compared",
    set(shorter, select(get(length), get(otherLength), i32.lt_s(get(length), get(otherLength)))),
    set(left, get(shorter)),
    block(
      "different",
      loop(
        "words",
        when(
          i32.le_s(i32.const(8), get(left)),
          brIf("different", i32.eqz(i64.eqz(tee(differs, i64.xor(own, others))))),
          step(left, -8),
          br("words"),
        ),
      ),
      set(differs, tail(i64.xor(own, others), left)),
      set(order, i32.sub(get(length), get(otherLength))),
      brIf("compared", i64.eqz(get(differs))),
    ),
    set(order, i32.wrap(i64.sub(byteOf(own), byteOf(others)))),
  );
}
