import type { Field } from "@df/core";
import { layoutOf, unreachable } from "@df/core";
import { block, br, brIf, call, f64, get, i32, loop, set, tee, v128 } from "../wasm/code.ts";
import type { Code, Local } from "../wasm/code.ts";
import { localsOf } from "../wasm/module.ts";
import type { OneFunctionModule, Signature } from "../wasm/module.ts";
import { AREAS, Lengths } from "./kernel-memory.ts";
import type { KernelMap } from "./kernel-memory.ts";
import { literal, step } from "./kernel-tokens.ts";
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

const PARAMS = { p: "i32", end: "i32", row: "i32", rowEnd: "i32", shift: "i32", base: "f64" } as const;
const PARAM_COUNT = Object.keys(PARAMS).length;
const LOCALS = {
  line: "i32",
  s: "i32",
  first: "i32",
  from: "i32",
  n: "i32",
  e: "i32",
  negative: "i32",
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
 * Parameters: `p` the address of the next byte, `end` that behind the lines, `row` the next row, `rowEnd` the first
 * for which there is no room, `shift` what makes an address a place in the caller's bytes, `base` what makes that a
 * position. Of the locals, `line` is where a line begins; `s` a value, `first` its first digit, `n` and `e` the counts
 * of its digits before and behind the point, which begins at `from`; `negative` its sign, `v` its digits as a number,
 * `real` that as a double; `w` eight bytes, `x` what was found in them and `bits` where; `bytes` sixteen bytes, `found`
 * what was found in them, and `seen` the bits of all that were looked at; `count` the length of a token, `expected`
 * that of the one before it; `year`, `month`, `days` since 1970 and `seconds` of the day are parts of a time.
 */
export type Variables = Readonly<Record<keyof typeof PARAMS | keyof typeof LOCALS, Local>> & {
  /** Places for lengths of tokens. */
  readonly lengths: Lengths;
};

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
  const names = Object.entries(PARAMS).map(([name, type], index) => [name, { index, type }]);
  const locals = localsOf(PARAM_COUNT, LOCALS);
  const on = {
    ...(Object.fromEntries(names) as Record<keyof typeof PARAMS, Local>),
    ...locals,
    lengths: new Lengths(),
  };
  const { p, line, end, row, rowEnd, seen } = on;
  return {
    imports: { read: READ, skip: SKIP, allows: ALLOWS },
    run: {
      params: Object.values(PARAMS),
      results: ["i32"],
      locals: Object.values(locals),
      body: [
        block(
          "stop",
          loop(
            "next",
            set(line, get(p)),
            brIf("stop", i32.or(i32.ge_s(get(p), get(end)), i32.ge_s(get(row), get(rowEnd)))),
            plan.tree.map((one) => branch(on, plan, one)),
          ),
        ),
        i32.store(i32.const(0), get(row), AREAS.row),
        i32.store(i32.const(0), v128.bitmask8(get(seen)), AREAS.notAscii),
        get(line),
      ],
    },
  };
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
function wantedFast(on: Variables, { map }: KernelPlan, field: Field, { column, behind }: Place): Code {
  const { p, s, row } = on;
  const addresses = map.columns[column] as KernelMap["columns"][number];
  const taken = [field.nullable ? i32.store8(get(row), i32.const(1), addresses.validity) : [], br("value")];
  const isAllowed = (start: Code, end: Code): Code => call(CALLS.allows, i32.const(column), start, end);
  return [
    readFast(on, field.type, { addresses, behind, taken, isAllowed }),
    field.nullable ? [set(p, get(s)), nullWord(on, field, addresses)] : [],
  ];
}

function nullWord(on: Variables, field: Field, addresses: KernelMap["columns"][number]): Code {
  const { p } = on;
  return block(
    "not null",
    brIf("not null", i32.ne(i32.load(get(p)), i32.const(Buffer.from("null").readInt32LE()))),
    step(on, 4),
    nulled(on, field, addresses),
    br("value"),
  );
}

/** Writes a null. */
function nulled(
  { row }: Variables,
  { type }: Field,
  { values, ends, validity }: KernelMap["columns"][number],
): Code {
  const layout = layoutOf(type);
  const four = i32.shl(get(row), i32.const(2));
  const isNull = i32.store8(get(row), i32.const(0), validity);
  switch (layout) {
    case "bool":
      return [isNull, i32.store8(get(row), i32.const(0), values)];
    case "int":
      return [isNull, i32.store(four, i32.const(0), values)];
    case "long":
    case "double":
      return [isNull, f64.store(i32.shl(get(row), i32.const(3)), f64.const(0), values)];
    case "text":
      return [isNull, i32.store(four, i32.const(0), values), i32.store(four, i32.const(0), ends)];
    default:
      return unreachable(layout);
  }
}

/** Ends a row, and goes on with the next line. */
function lineEnd(on: Variables, plan: KernelPlan, { literal: bytes, present }: EndBranch): Code {
  const { p, line, row, shift, base } = on;
  const { map, wanted, fields, recordBytesMax } = plan;
  const endBytes = bytes.at(-2) === RETURN ? 2 : 1;
  const names = new Set([...present].map((field) => fields[field]?.name));
  const four = i32.shl(get(row), i32.const(2));
  const start = i32.add(get(line), get(shift));
  return [
    brIf("stop", i32.gt_s(i32.sub(get(p), get(line)), i32.const(recordBytesMax + endBytes))),
    wanted.map((field, column) =>
      names.has(field.name) ? [] : nulled(on, field, map.columns[column] as KernelMap["columns"][number]),
    ),
    f64.store(i32.shl(get(row), i32.const(3)), f64.add(get(base), f64.fromI32(start)), map.positions),
    i32.store(four, start, map.starts),
    i32.store(four, i32.add(i32.sub(get(p), i32.const(endBytes)), get(shift)), map.ends),
    set(row, i32.add(get(row), i32.const(1))),
    br("next"),
  ];
}
