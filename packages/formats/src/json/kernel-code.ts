import type { Field } from "@df/core";
import type { ColumnAddresses, KernelMap } from "../kernel/memory.ts";
import { endRecord, isThere, nulled, recordsModule } from "../kernel/records.ts";
import { isWord, literal, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { block, br, brIf, call, get, i32, set, tee, v128 } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { OneFunctionModule, Signature } from "@df/core/wasm/module";
import type { Branch, EndBranch, KeyBranch } from "./kernel-tree.ts";
import { readFast, skipFast } from "./kernel-values.ts";

const RETURN = 0x0d;

/** What a kernel is made for. */
export interface KernelPlan {
  /** The layouts it knows. */
  readonly tree: readonly Branch[];
  /** All columns, and those that are read. */
  readonly fields: readonly Field[];
  readonly wanted: readonly Field[];
  readonly recordBytesMax: number;
  readonly map: KernelMap;
}

const READ: Signature = { params: ["i32", "i32", "i32"], results: ["i32"] };
const SKIP: Signature = { params: ["i32"], results: ["i32"] };
const ALLOWS: Signature = { params: ["i32", "i32", "i32"], results: ["i32"] };
/** Indexes of the functions below, in their order. */
const CALLS = { read: 0, skip: 1, allows: 2 } as const;

/**
 * The module whose function reads lines of known layouts into rows, up to the first line that is of none, or for
 * which there is no room; it gives the address of that line. It consists of numbers and addresses, and holds nothing
 * that a user wrote but the bytes of keys.
 *
 * It calls `read(column, address, row)` and `skip(address)` for values out of the ordinary; they give the address
 * behind the value, or −1 where the line is to be given up. `allows(column, start, end)` says whether a text may stand
 * in a column.
 */
export function kernelModule(plan: KernelPlan): OneFunctionModule {
  return recordsModule({ read: READ, skip: SKIP, allows: ALLOWS }, (on) =>
    plan.tree.map((one) => branch(on, plan, one)),
  );
}

/** Goes through a branch if its literal stands here. Where the line goes on in no known way it is given up. */
function branch(on: Variables, plan: KernelPlan, one: Branch): Code {
  const isAscii = one.literal.every((byte) => byte < 0x80);
  return block(
    "other",
    literal(on, one.literal, "other"),
    isAscii ? [] : set(on.seen, v128.or(get(on.seen), v128.splat(0x80))),
    "next" in one
      ? [value(on, plan, one), one.next.map((next) => branch(on, plan, next)), br("stop")]
      : lineEnd(on, plan, one),
  );
}

/** Reads a value, or steps over one that nobody reads, checking it. */
function value(on: Variables, plan: KernelPlan, { field, kind, next }: KeyBranch): Code {
  const { p, s, row } = on;
  const behind = new Set(next.map((one) => one.literal[0] as number));
  const column = plan.wanted.findIndex(({ name }) => name === plan.fields[field]?.name);
  const wanted = plan.wanted[column];
  const slow =
    wanted === undefined ? call(CALLS.skip, get(s)) : call(CALLS.read, i32.const(column), get(s), get(row));
  return block(
    "value",
    set(s, get(p)),
    wanted === undefined ? skipFast(on, kind, behind) : wantedFast(on, plan, wanted, { column, behind }),
    brIf("stop", i32.lt_s(tee(p, slow), i32.const(0))),
  );
}

interface Place {
  readonly column: number;
  readonly behind: ReadonlySet<number>;
}

/** Reads what is common and simple, and then leaves the block "value". */
function wantedFast(on: Variables, plan: KernelPlan, field: Field, { column, behind }: Place): Code {
  const { p, s } = on;
  const addresses = at(plan, column);
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

/** Ends a row, and goes on with the next line. */
function lineEnd(on: Variables, plan: KernelPlan, { literal: bytes, present }: EndBranch): Code {
  const { map, wanted, fields, recordBytesMax } = plan;
  const names = new Set([...present].map((field) => fields[field]?.name));
  const absent = wanted.map((field, column) =>
    names.has(field.name) ? [] : nulled(on, field, at(plan, column)),
  );
  return [absent, endRecord(on, { map, endBytes: bytes.at(-2) === RETURN ? 2 : 1, recordBytesMax })];
}

function at({ map }: KernelPlan, column: number): ColumnAddresses {
  return map.columns[column] as ColumnAddresses;
}
