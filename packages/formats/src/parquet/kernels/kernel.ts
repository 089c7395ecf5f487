/** How the kernels of the encoder are written. */
import { get, i32, set } from "@df/core/wasm/code";
import type { Code, Local, ValueType } from "@df/core/wasm/code";
import { localsOf } from "@df/core/wasm/module";
import type { WasmFunction } from "@df/core/wasm/module";

type Variables = Readonly<Record<string, ValueType>>;
/** Parameters and locals by their names. */
export type On<P extends readonly string[], L extends Variables> = Readonly<
  Record<P[number] | keyof L, Local>
>;

/** A function that takes addresses and counts, and gives one; its body leaves the result on the stack. */
export function kernel<const P extends readonly string[], const L extends Variables>(
  params: P,
  locals: L,
  body: (on: On<P, L>) => Code,
): WasmFunction {
  const taken = localsOf(0, Object.fromEntries(params.map((name) => [name, "i32"])));
  const own = localsOf(params.length, locals);
  return {
    params: params.map(() => "i32"),
    results: ["i32"],
    locals: Object.values(own),
    body: body({ ...taken, ...own } as On<P, L>),
  };
}

/** Adds to a variable. */
export function add(local: Local, by: Code): Code {
  return set(local, i32.add(get(local), by));
}

/** Adds a constant to a variable. */
export function step(local: Local, by: number): Code {
  return add(local, i32.const(by));
}

/** The address of entry `index` in an array of 2^`shift` bytes an entry. */
export function entry(array: Local, index: Local, shift: number): Code {
  return i32.add(get(array), shift === 0 ? get(index) : i32.shl(get(index), i32.const(shift)));
}
