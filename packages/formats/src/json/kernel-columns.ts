import type { Field } from "@df/core";
import type { ColumnAddresses, KernelMap } from "../kernel/memory.ts";
import { isThere, nulled } from "../kernel/records.ts";
import { isWord, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { block, br, brIf, call, get, i32, set, tee } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { Signature } from "@df/core/wasm/module";
import { readFast, skipFast } from "./kernel-values.ts";
import type { Slot } from "./layout.ts";

/** What every kernel of a source is made for. */
export interface KernelColumns {
  /** All columns, and those that are read. */
  readonly fields: readonly Field[];
  readonly wanted: readonly Field[];
  readonly recordBytesMax: number;
  readonly map: KernelMap;
}

/**
 * What kernels call: `read(column, address, row)` and `skip(address)` for values out of the ordinary; they give the
 * address behind the value, or −1 where the line is to be given up. `allows(column, start, end)` says whether a text may
 * stand in a column.
 */
export const CALLED: Readonly<Record<"read" | "skip" | "allows", Signature>> = {
  read: { params: ["i32", "i32", "i32"], results: ["i32"] },
  skip: { params: ["i32"], results: ["i32"] },
  allows: { params: ["i32", "i32", "i32"], results: ["i32"] },
};
/** Indexes of these functions, in their order. */
const CALLS = { read: 0, skip: 1, allows: 2 } as const;

/** Where a value stands. */
export interface ValuePlace {
  /** Index of its column in `fields`; −1 where its key is no column. */
  readonly field: number;
  /** What is stepped over here without a call if nobody reads it. */
  readonly kinds: readonly Slot["kind"][];
  /** Bytes that may follow a number; behind others it is read by a call. */
  readonly behind: ReadonlySet<number>;
}

/** Reads the value at `p`, or steps over one that nobody reads, checking it. */
export function value(on: Variables, plan: KernelColumns, { field, kinds, behind }: ValuePlace): Code {
  const { p, s, row } = on;
  const column = plan.wanted.findIndex(({ name }) => name === plan.fields[field]?.name);
  const wanted = plan.wanted[column];
  const slow =
    wanted === undefined ? call(CALLS.skip, get(s)) : call(CALLS.read, i32.const(column), get(s), get(row));
  const skipped = kinds.map((kind, at) => [at === 0 ? [] : set(p, get(s)), skipFast(on, kind, behind)]);
  return block(
    "value",
    set(s, get(p)),
    wanted === undefined ? skipped : wantedFast(on, plan, wanted, { column, behind }),
    brIf("stop", i32.lt_s(tee(p, slow), i32.const(0))),
  );
}

/** Makes columns null. */
export function absent(on: Variables, plan: KernelColumns, columns: readonly number[]): Code {
  return columns.map((column) => nulled(on, plan.wanted[column] as Field, addressesOf(plan, column)));
}

interface Place {
  readonly column: number;
  readonly behind: ReadonlySet<number>;
}

/** Reads what is common and simple, and then leaves the block "value". */
function wantedFast(on: Variables, plan: KernelColumns, field: Field, { column, behind }: Place): Code {
  const { p, s } = on;
  const addresses = addressesOf(plan, column);
  const taken = [isThere(on, field, addresses), br("value")];
  const isAllowed = (start: Code, end: Code): Code => call(CALLS.allows, i32.const(column), start, end);
  return [
    readFast(on, field.type, { addresses, behind, taken, isAllowed }),
    field.nullable ? [set(p, get(s)), nullWord(on, field, addresses)] : [],
  ];
}

function nullWord(on: Variables, field: Field, addresses: ColumnAddresses): Code {
  return block(
    "not null",
    brIf("not null", i32.eqz(isWord(on, "null"))),
    step(on, 4),
    nulled(on, field, addresses),
    br("value"),
  );
}

function addressesOf({ map }: KernelColumns, column: number): ColumnAddresses {
  return map.columns[column] as ColumnAddresses;
}
