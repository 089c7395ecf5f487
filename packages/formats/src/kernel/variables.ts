import type { Local } from "@df/core/wasm/code";
import { Constants, Locals } from "@df/core/wasm/constants";
import { localsOf } from "@df/core/wasm/module";
import { Lengths } from "./memory.ts";

/** Parameters of a kernel; see `Variables`. */
export const PARAMS = {
  p: "i32",
  end: "i32",
  row: "i32",
  rowEnd: "i32",
  shift: "i32",
  base: "f64",
} as const;
/** What else it has; see `Variables`. */
export const LOCALS = {
  line: "i32",
  s: "i32",
  first: "i32",
  from: "i32",
  n: "i32",
  e: "i32",
  negative: "i32",
  quoted: "i32",
  found: "i32",
  count: "i32",
  expected: "i32",
  year: "i32",
  month: "i32",
  days: "i32",
  seconds: "i32",
  w: "i64",
  x: "i64",
  v: "i64",
  bits: "i64",
  real: "f64",
  bytes: "v128",
  seen: "v128",
} as const;

/**
 * Parameters: `p` the address of the next byte, `end` that behind the records, `row` the next row, `rowEnd` the first
 * for which there is no room, `shift` what makes an address a place in the caller's bytes, `base` what makes that a
 * position. Of the locals, `line` is where a record begins; `s` a value, `first` its first digit, `n` and `e` the counts
 * of its digits before and behind the point, which begins at `from`; `negative` its sign, `v` its digits as a number,
 * `real` that as a double; `quoted` whether it stands in quotes; `w` eight bytes, `x` what was found in them and `bits`
 * where; `bytes` sixteen bytes, `found` what was found in them, and `seen` the bits of all that were looked at; `count`
 * the length of a token, `expected` that of the one before it; `year`, `month`, `days` since 1970 and `seconds` of the
 * day are parts of a time.
 */
export type Variables = Readonly<Record<keyof typeof PARAMS | keyof typeof LOCALS, Local>> & {
  /** Places for lengths of tokens. */
  readonly lengths: Lengths;
  readonly constants: Constants;
  /** Those that are taken beside `LOCALS`, behind them. */
  readonly others: Locals;
};

/** The variables of one kernel. */
export function variables(): Variables {
  const params = localsOf(0, PARAMS);
  const locals = localsOf(Object.keys(PARAMS).length, LOCALS);
  const others = new Locals(Object.keys(PARAMS).length + Object.keys(LOCALS).length);
  return { ...params, ...locals, lengths: new Lengths(), constants: new Constants(others), others };
}
