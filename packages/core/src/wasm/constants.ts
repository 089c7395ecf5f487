import { f64, f64x2, get, i32, i32x4, set, v128 } from "./code.ts";
import type { Code, Local, ValueType } from "./code.ts";

/** Local variables of a function, taken one after the other. */
export class Locals {
  readonly taken: Local[] = [];
  readonly #first: number;

  /** `first`: the index of the first of them, behind parameters and other variables. */
  constructor(first: number) {
    this.#first = first;
  }

  take(type: ValueType): Local {
    const local = { index: this.#first + this.taken.length, type };
    this.taken.push(local);
    return local;
  }
}

/**
 * Constants in all lanes of a vector. Each is made once, in a variable, where the function begins: in a loop V8 would
 * make it anew, by three instructions, wherever it stands.
 */
export class Constants {
  readonly #locals: Locals;
  readonly #made: Map<string, { readonly local: Local; readonly value: Code }> = new Map();

  /** Variables are taken from `locals`. */
  constructor(locals: Locals) {
    this.#locals = locals;
  }

  /** A byte sixteen times. */
  byte(value: number): Code {
    return this.#of(`byte ${value}`, v128.splat(value));
  }

  /** An integer of 32 bits four times. */
  int(value: number): Code {
    return this.#of(`int ${value | 0}`, i32x4.splat(i32.const(value | 0)));
  }

  /** A double twice. */
  double(value: number): Code {
    return this.#of(`double ${value}`, f64x2.splat(f64.const(value)));
  }

  /** Gives those that were asked for so far their values. */
  begin(): Code {
    return [...this.#made.values()].map(({ local, value }) => set(local, value));
  }

  #of(name: string, value: Code): Code {
    const known = this.#made.get(name) ?? { local: this.#locals.take("v128"), value };
    this.#made.set(name, known);
    return get(known.local);
  }
}
