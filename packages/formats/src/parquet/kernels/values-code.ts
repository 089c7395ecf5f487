/** What brings values into the form in which they are stored, in place. */
import { block, br, brIf, f64, get, i32, i64, loop, set, tee, v128, when, whilst } from "@df/core/wasm/code";
import type { WasmFunction } from "@df/core/wasm/module";
import { add, entry, kernel, step } from "./kernel.ts";

/** Where in 64 bits numbers end that an int64 has. */
const TWO_63 = 2 ** 63;

/** Instructions for entries of 2^`shift` bytes. */
function entries(shift: 0 | 2 | 3): { readonly load: typeof i32.load; readonly store: typeof i32.store } {
  if (shift === 3) return i64;
  return shift === 2 ? i32 : { load: i32.load8, store: i32.store8 };
}

/** Moves the values of the rows whose `validity` is 1, of `count` rows, to the front; how many these are. */
export function presentKernel(shift: 0 | 2 | 3): WasmFunction {
  const { load, store } = entries(shift);
  const params = ["values", "validity", "count"] as const;
  return kernel(params, { row: "i32", found: "i32" }, (on) => {
    const { values, validity, count, row, found } = on;
    return [
      whilst(
        i32.lt_u(get(row), get(count)),
        // Every value is written, and only those that are not null move the place on: no branch to guess.
        store(entry(values, found, shift), load(entry(values, row, shift))),
        add(found, i32.load8(entry(validity, row, 0))),
        step(row, 1),
      ),
      get(found),
    ];
  });
}

/** Makes int64 of doubles; `count`, or the place of the first one that is no whole number of 64 bits. */
export function longsKernel(): WasmFunction {
  const params = ["values", "count"] as const;
  const locals = { at: "i32", i: "i32", value: "f64", whole: "i64" } as const;
  return kernel(params, locals, ({ values, count, at, i, value, whole }) => [
    set(at, get(values)),
    whilst(
      i32.lt_u(get(i), get(count)),
      set(whole, i64.fromF64(tee(value, f64.load(get(at))))),
      brIf("done", i32.eqz(f64.eq(f64.fromI64(get(whole)), get(value)))),
      brIf("done", i32.eqz(f64.lt(get(value), f64.const(TWO_63)))),
      i64.store(get(at), get(whole)),
      step(at, 8),
      step(i, 1),
    ),
    get(i),
  ]);
}

/**
 * Makes places in the bytes that begin at place `base` of places in a column's; 1 if all texts lie in its `size` bytes,
 * or else 0.
 */
export function textsKernel(): WasmFunction {
  const params = ["starts", "ends", "count", "base", "size"] as const;
  const locals = { row: "i32", start: "i32", end: "i32", outside: "i32" } as const;
  return kernel(params, locals, (on) => {
    const { starts, ends, count, base, size, row, start, end, outside } = on;
    return [
      whilst(
        i32.lt_u(get(row), get(count)),
        set(start, i32.sub(i32.load(entry(starts, row, 2)), get(base))),
        set(end, i32.sub(i32.load(entry(ends, row, 2)), get(base))),
        i32.store(entry(starts, row, 2), get(start)),
        i32.store(entry(ends, row, 2), get(end)),
        set(
          outside,
          i32.or(get(outside), i32.or(i32.gt_u(get(start), get(end)), i32.gt_u(get(end), get(size)))),
        ),
        step(row, 1),
      ),
      i32.eqz(get(outside)),
    ];
  });
}

/**
 * Writes the texts `first .. last)` as PLAIN does, to the address `to`; the address behind them. Up to 15 bytes behind
 * each are read, and behind the last one written.
 */
export function plainTextsKernel(): WasmFunction {
  const params = ["starts", "ends", "bytes", "first", "last", "to"] as const;
  const locals = { start: "i32", left: "i32" } as const;
  return kernel(params, locals, (on) => {
    const { starts, ends, bytes, first, last, to, start, left } = on;
    return [
      whilst(
        i32.lt_u(get(first), get(last)),
        set(start, i32.load(entry(starts, first, 2))),
        set(left, i32.sub(i32.load(entry(ends, first, 2)), get(start))),
        add(start, get(bytes)),
        i32.store(get(to), get(left)),
        step(to, 4),
        block(
          "copied",
          loop(
            "copy",
            v128.store(get(to), v128.load(get(start))),
            when(i32.le_s(get(left), i32.const(16)), add(to, get(left)), br("copied")),
            step(to, 16),
            step(start, 16),
            step(left, -16),
            br("copy"),
          ),
        ),
        step(first, 1),
      ),
      get(to),
    ];
  });
}
