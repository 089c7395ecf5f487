import { drop, v128 } from "./code.ts";
import { moduleBytes } from "./module.ts";
import type { Wasm } from "./module.ts";

/** Uses SIMD. */
const SIMD = { params: [], results: [], locals: [], body: [v128.bitmask8(v128.splat(0)), drop()] } as const;

/** WebAssembly with SIMD, where kernels may be made; undefined where not. */
export function usableWasm(): Wasm | undefined {
  const { WebAssembly: wasm } = globalThis as { WebAssembly?: Wasm };
  return wasm !== undefined && isUsable(wasm) ? wasm : undefined;
}

/** What `make` gives; undefined where there is no room for its memory. */
export function whereThereIsRoom<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** What was found out about each WebAssembly that was asked for. */
const usable: WeakMap<Wasm, boolean> = new WeakMap();

/** Whether there is SIMD, and memory, and code may be made: it is seen only where it is tried. */
function isUsable(wasm: Wasm): boolean {
  const known = usable.get(wasm);
  if (known !== undefined) return known;
  let is = true;
  try {
    new wasm.Memory({ initial: 1 });
    new wasm.Module(moduleBytes({ imports: {}, run: SIMD }));
  } catch {
    is = false;
  }
  usable.set(wasm, is);
  return is;
}
