import type { Field } from "@df/core";
import { endRecord, recordsModule } from "../kernel/records.ts";
import { isByte, step } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { NEWLINE, RETURN } from "../line-ends.ts";
import { block, br, brIf, brIfRarely, get, i32, i64, loop, set, when, whenRarely } from "@df/core/wasm/code";
import type { Code, Local } from "@df/core/wasm/code";
import type { OneFunctionModule } from "@df/core/wasm/module";
import { absent, CALLED, value } from "./kernel-columns.ts";
import type { KernelColumns } from "./kernel-columns.ts";
import { dispatch } from "./kernel-keys.ts";
import { blanks, QUOTE, string } from "./kernel-tokens.ts";
import type { Slot } from "./layout.ts";
import { isWrittenAsText } from "./written.ts";

/** Columns at most: the code of each takes a kilobyte, and half a millisecond to make. */
const FIELDS_MAX = 256;
/** Columns whose presence is told by the bits of one variable. */
const WORD_BITS = 64;
const COMMA = 0x2c;
const COMMA_QUOTE = 0x222c;
const COLON = 0x3a;
const OPENING = 0x7b;
const CLOSING = 0x7d;
/** What follows a number, unless there is more than one blank or it is no space. */
const BEHIND: ReadonlySet<number> = new Set([COMMA, CLOSING, 0x20]);
const ANY_KIND = ["string", "number", "word"] as const;

/** Whether there is code for so many columns. */
export function takesMembers({ length }: readonly Field[]): boolean {
  return length <= FIELDS_MAX;
}

/** What is known of a record while it is read. */
interface Members {
  /** Where the key begins. */
  readonly key: Local;
  /** For each column a bit that says whether it was there, in words of 64. */
  readonly present: readonly Local[];
}

/**
 * The module whose function reads lines whose members come in any order, with any blanks, into rows, up to the first
 * line that is no such record, has a column twice or not at all, or a key with escapes, or for which there is no room;
 * it gives the address of that line. Whoever reads lines one by one says what is wrong with it, if anything.
 */
export function membersModule(plan: KernelColumns): OneFunctionModule {
  return recordsModule(CALLED, (on) => {
    const key = on.others.take("i32");
    const words = Math.ceil(plan.fields.length / WORD_BITS);
    const present = Array.from({ length: words }, () => on.others.take("i64"));
    const members = { key, present };
    return [
      opening(on),
      present.map((bits) => set(bits, i64.const(0n))),
      loop("member", block("end of value", member(on, plan, members)), between(on)),
      brIf("stop", i32.eqz(isByte(on, CLOSING))),
      step(on, 1),
      missing(on, plan, present),
      lineEnd(on, plan),
    ];
  });
}

/** Goes over what stands before the first key. */
function opening(on: Variables): Code {
  return [
    blanks(on),
    brIf("stop", i32.eqz(isByte(on, OPENING))),
    step(on, 1),
    blanks(on),
    brIf("stop", i32.eqz(isByte(on, QUOTE))),
    step(on, 1),
  ];
}

/** Goes from a value on to the next key and leaves for it, or goes on behind this code at the end of the object. */
function between(on: Variables): Code {
  return block(
    "last",
    when(i32.eq(i32.load16(get(on.p)), i32.const(COMMA_QUOTE)), step(on, 2), br("member")),
    blanks(on),
    brIf("last", i32.eqz(isByte(on, COMMA))),
    step(on, 1),
    blanks(on),
    brIf("stop", i32.eqz(isByte(on, QUOTE))),
    step(on, 1),
    br("member"),
  );
}

/** Reads a key and its value. */
function member(on: Variables, plan: KernelColumns, members: Members): Code {
  const { p } = on;
  const { key } = members;
  const keys = [...plan.fields.entries()]
    .map(([field, { name }]) => ({
      name,
      bytes: new TextEncoder().encode(name),
      code: [takeOnce(members, field), colon(on), valueOf(on, plan, field), br("end of value")],
    }))
    // Others never stand in the bytes as they are: what looks like them is another key, with escapes.
    .filter(({ name }) => JSON.stringify(name) === `"${name}"`);
  return [
    keys.length === 0 ? set(key, get(p)) : dispatch(on, key, keys),
    set(p, i32.sub(get(key), i32.const(1))),
    block("ended", string(on, step(on, 1), br("ended")), br("stop")),
    colon(on),
    value(on, plan, { field: -1, kinds: ANY_KIND, behind: BEHIND }),
  ];
}

/** Goes from behind a key to its value. */
function colon(on: Variables): Code {
  const isNone = i32.eqz(isByte(on, COLON));
  return [whenRarely(isNone, blanks(on), brIf("stop", isNone)), step(on, 1), blanks(on)];
}

function valueOf(on: Variables, plan: KernelColumns, field: number): Code {
  const kinds = kindsOf(plan.fields[field] as Field);
  return value(on, plan, { field, kinds, behind: BEHIND });
}

/** What a column's values are, where they are as they should be. */
function kindsOf({ type, nullable }: Field): readonly Slot["kind"][] {
  if (type.kind === "json") return ANY_KIND;
  if (type.kind === "bool") return ["word"];
  const kind = isWrittenAsText(type) ? "string" : "number";
  return nullable ? [kind, "word"] : [kind];
}

/** Says that a column is there; gives the line up where it was. */
function takeOnce({ present }: Members, field: number): Code {
  const bits = present[Math.floor(field / WORD_BITS)] as Local;
  const bit = i64.const(1n << BigInt(field % WORD_BITS));
  return [brIfRarely("stop", i32.eqz(i64.eqz(i64.and(get(bits), bit)))), set(bits, i64.or(get(bits), bit))];
}

/** Makes columns null that are not there, and gives the line up where they must be. */
function missing(on: Variables, plan: KernelColumns, present: readonly Local[]): Code {
  const columns = plan.fields.map(({ name, nullable, optional }, field) => {
    const column = plan.wanted.findIndex((one) => one.name === name);
    return { column, mayMiss: optional && nullable, bit: 1n << BigInt(field % WORD_BITS) };
  });
  return present.map((bits, word) => {
    const here = columns.slice(word * WORD_BITS, (word + 1) * WORD_BITS);
    const required = here.filter(({ mayMiss }) => !mayMiss);
    const optional = here.filter(({ mayMiss, column }) => mayMiss && column >= 0);
    const lacks = (some: readonly { readonly bit: bigint }[]): Code => {
      const mask = i64.const(some.reduce((all, { bit }) => all | bit, 0n));
      return i64.ne(i64.and(get(bits), mask), mask);
    };
    return when(
      lacks([...required, ...optional]),
      brIf("stop", lacks(required)),
      optional.map((one) => when(lacks([one]), absent(on, plan, [one.column]))),
    );
  });
}

/** Makes a row, if nothing but blanks stands between the object and the newline. */
function lineEnd(on: Variables, { map, recordBytesMax }: KernelColumns): Code {
  const isNewline = isByte(on, NEWLINE);
  const isReturn = i32.eq(i32.load8(i32.sub(get(on.p), i32.const(1))), i32.const(RETURN));
  return [
    whenRarely(
      i32.eqz(isNewline),
      blanks(on),
      brIf("stop", i32.eqz(isNewline)),
      when(isReturn, step(on, 1), endRecord(on, { map, endBytes: 2, recordBytesMax })),
    ),
    step(on, 1),
    endRecord(on, { map, endBytes: 1, recordBytesMax }),
  ];
}
