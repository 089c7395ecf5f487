import { get, set, v128 } from "../wasm/code.ts";
import type { Code, Local } from "../wasm/code.ts";

/**
 * Bytes that a kernel compares sixteen others with. They are made once, in variables, where the function begins: as
 * constants in a loop V8 would make each anew, by three instructions, for every sixteen bytes.
 */
export class Splats {
  readonly #first: number;
  readonly #locals: Map<number, Local> = new Map();

  /** `first`: the index of the first of these variables, which are the last of the function. */
  constructor(first: number) {
    this.#first = first;
  }

  /** The byte sixteen times. */
  of(byte: number): Code {
    const local = this.#locals.get(byte) ?? { index: this.#first + this.#locals.size, type: "v128" };
    this.#locals.set(byte, local);
    return get(local);
  }

  /** The variables of all bytes that were asked for so far. */
  get locals(): readonly Local[] {
    return [...this.#locals.values()];
  }

  /** Gives them their values. */
  begin(): Code {
    return [...this.#locals].map(([byte, local]) => set(local, v128.splat(byte)));
  }
}
