/**
 * WebAssembly's instructions as plain data: an instruction stands behind its operands, as on the stack, so a tree of
 * calls of these functions reads like the expression that it computes. https://webassembly.github.io/spec/core/binary
 */

/** Instructions: bytes, and those whose bytes depend on the blocks around them. */
export type Code = number | readonly Code[] | Block | Branch | BranchTable;

/** A block to be left by branches (`block`), or to be begun again by them (`loop`). */
export interface Block {
  readonly kind: "block" | "loop" | "if";
  /** The name that branches know it by; branches go to the innermost one of that name. */
  readonly label: string;
  readonly body: Code;
  /** Of an `if`: whether its condition mostly holds, or hardly ever does. */
  readonly expected?: boolean;
}

/** Goes to the block of that name: behind its end, or to the beginning of a loop. */
export interface Branch {
  readonly kind: "br" | "br_if";
  readonly label: string;
  /** Of a `br_if`: whether its condition mostly holds, or hardly ever does. */
  readonly expected?: boolean;
}

/** Goes to the block whose label stands at a place of the list, or to `otherwise` behind its end. */
export interface BranchTable {
  readonly kind: "br_table";
  readonly labels: readonly string[];
  readonly otherwise: string;
}

/** What is expected of the condition of the instruction that begins at `at`. */
export interface Hint {
  readonly at: number;
  readonly holds: boolean;
}

/** Instructions as bytes, with what is expected of their conditions, by ascending places. */
export interface Encoded {
  readonly bytes: number[];
  readonly hints: Hint[];
}

/** A local variable of a function, or a parameter. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** Types of values, as they are encoded. */
export const TYPES = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof TYPES;

const OPCODES = { block: 0x02, loop: 0x03, if: 0x04, br: 0x0c, br_if: 0x0d, br_table: 0x0e } as const;
const NO_RESULT = 0x40;
const END = 0x0b;
const SIMD = 0xfd;
const MORE = 0xfc;

/** The bytes of instructions. @throws RangeError for a branch to a block that is not around it */
export function bytesOf(code: Code): number[] {
  return encoded(code).bytes;
}

/** The same with hints. */
export function encoded(code: Code): Encoded {
  const to: Encoded = { bytes: [], hints: [] };
  append(code, [], to);
  return to;
}

/** `around`: the labels of the blocks around the code, the innermost last. */
function append(code: Code, around: string[], to: Encoded): void {
  const { bytes, hints } = to;
  if (typeof code === "number") bytes.push(code);
  else if (isList(code)) for (let i = 0; i < code.length; i++) append(code[i] as Code, around, to);
  else if (code.kind === "br_table") {
    const targets = [...code.labels, code.otherwise].map((label) => unsigned(depthOf(label, around)));
    bytes.push(OPCODES.br_table, ...unsigned(code.labels.length), ...targets.flat());
  } else {
    if (code.expected !== undefined) hints.push({ at: bytes.length, holds: code.expected });
    if ("body" in code) {
      bytes.push(OPCODES[code.kind], NO_RESULT);
      around.push(code.label);
      append(code.body, around, to);
      around.pop();
      bytes.push(END);
    } else {
      bytes.push(OPCODES[code.kind], ...unsigned(depthOf(code.label, around)));
    }
  }
}

/** How many blocks lie between a branch and the one it goes to. */
function depthOf(label: string, around: readonly string[]): number {
  const at = around.lastIndexOf(label);
  if (at < 0) throw new RangeError(`There is no block "${label}" around a branch to it.`);
  return around.length - 1 - at;
}

const isList = (code: Exclude<Code, number>): code is readonly Code[] => Array.isArray(code);

/** LEB128 of a whole number from 0 on. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
  return bytes;
}

/** LEB128 of an int32. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest >= 0x40; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest & 0x7f);
  return bytes;
}

/** LEB128 of an int64. */
export function signed64(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40n || rest >= 0x40n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest & 0x7fn));
  return bytes;
}

type One = (a: Code) => Code;
type Two = (a: Code, b: Code) => Code;
/** Reads `offset` bytes behind an address, which may be any. */
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;
/** Instructions by their names. */
type Named<Name extends string, Kind> = { readonly [Key in Name]: Kind };

const one =
  (...opcode: number[]): One =>
  (a) => [a, opcode];
const two =
  (...opcode: number[]): Two =>
  (a, b) => [a, b, opcode];
const load =
  (...opcode: number[]): Load =>
  (address, offset = 0) => [address, opcode, 0, unsigned(offset)];
const store =
  (...opcode: number[]): Store =>
  (address, value, offset = 0) => [address, value, opcode, 0, unsigned(offset)];
const simd = (opcode: number): number[] => [SIMD, ...unsigned(opcode)];
const more = (opcode: number): number[] => [MORE, ...unsigned(opcode)];

/** 32-bit integers, which are truth values, too. */
export const i32: Named<"const", (value: number) => Code> &
  Named<"load" | "load8" | "load16", Load> &
  Named<"store" | "store8" | "store16", Store> &
  Named<"eqz" | "ctz" | "wrap", One> &
  Named<"eq" | "ne" | "lt_s" | "lt_u" | "gt_s" | "gt_u" | "le_s" | "le_u" | "ge_s" | "ge_u", Two> &
  Named<"add" | "sub" | "mul" | "div_u" | "and" | "or" | "xor" | "shl" | "shr_u", Two> = {
  const: (value) => [0x41, signed(value)],
  load: load(0x28),
  load8: load(0x2d),
  load16: load(0x2f),
  store: store(0x36),
  store8: store(0x3a),
  store16: store(0x3b),
  eqz: one(0x45),
  eq: two(0x46),
  ne: two(0x47),
  lt_s: two(0x48),
  lt_u: two(0x49),
  gt_s: two(0x4a),
  gt_u: two(0x4b),
  le_s: two(0x4c),
  le_u: two(0x4d),
  ge_s: two(0x4e),
  ge_u: two(0x4f),
  ctz: one(0x68),
  add: two(0x6a),
  sub: two(0x6b),
  mul: two(0x6c),
  div_u: two(0x6e),
  and: two(0x71),
  or: two(0x72),
  xor: two(0x73),
  shl: two(0x74),
  shr_u: two(0x76),
  /** The low half of an i64. */
  wrap: one(0xa7),
};

/** 64-bit integers. */
export const i64: Named<"const", (value: bigint) => Code> &
  Named<"load" | "load32", Load> &
  Named<"store" | "store32", Store> &
  Named<"eqz" | "ctz" | "fromI32" | "fromU32" | "fromF64", One> &
  Named<
    "eq" | "ne" | "lt_s" | "gt_s" | "le_s" | "add" | "sub" | "mul" | "and" | "or" | "xor" | "shl" | "shr_u",
    Two
  > = {
  const: (value) => [0x42, signed64(BigInt.asIntN(64, value))],
  load: load(0x29),
  /** Four bytes without a sign. */
  load32: load(0x35),
  store: store(0x37),
  /** The low half. */
  store32: store(0x3e),
  eqz: one(0x50),
  eq: two(0x51),
  ne: two(0x52),
  lt_s: two(0x53),
  gt_s: two(0x55),
  le_s: two(0x57),
  ctz: one(0x7a),
  add: two(0x7c),
  sub: two(0x7d),
  mul: two(0x7e),
  and: two(0x83),
  or: two(0x84),
  xor: two(0x85),
  shl: two(0x86),
  shr_u: two(0x88),
  fromI32: one(0xac),
  fromU32: one(0xad),
  /** The nearest one that is not further from 0; 0 for NaN. */
  fromF64: one(...more(6)),
};

/** Doubles. */
export const f64: Named<"const", (value: number) => Code> &
  Named<"load", Load> &
  Named<"store", Store> &
  Named<"neg" | "fromI32" | "fromI64", One> &
  Named<"eq" | "lt" | "gt" | "le" | "add" | "sub" | "mul" | "div", Two> = {
  const: (value) => [0x44, [...new Uint8Array(Float64Array.of(value).buffer)]],
  load: load(0x2b),
  store: store(0x39),
  eq: two(0x61),
  lt: two(0x63),
  gt: two(0x64),
  le: two(0x65),
  neg: one(0x9a),
  add: two(0xa0),
  sub: two(0xa1),
  mul: two(0xa2),
  div: two(0xa3),
  fromI32: one(0xb7),
  fromI64: one(0xb9),
};

/** Sixteen bytes at once. Comparisons give all ones or all zeros for each byte. */
export const v128: Named<"splat", (byte: number) => Code> &
  Named<"load", Load> &
  Named<"store", Store> &
  Named<"bitmask8", One> &
  Named<"eq8" | "le8_u" | "or" | "xor", Two> &
  Named<"shuffle", (a: Code, b: Code, bytes: readonly number[]) => Code> = {
  load: load(...simd(0x00)),
  store: store(...simd(0x0b)),
  /** The byte sixteen times. */
  splat: (byte) => [simd(0x0c), Array.from({ length: 16 }, () => byte)],
  eq8: two(...simd(0x23)),
  le8_u: two(...simd(0x2a)),
  or: two(...simd(0x50)),
  xor: two(...simd(0x51)),
  /** The high bits of all bytes, that of the first byte lowest. */
  bitmask8: one(...simd(0x64)),
  /** Sixteen bytes of two values: 0 to 15 of the first, 16 to 31 of the second. */
  shuffle: (a, b, bytes) => [a, b, simd(0x0d), bytes],
};

/** Four 32-bit integers at once; all of them are shifted by the same i32. */
export const i32x4: Named<"splat", One> & Named<"add" | "mul" | "shl" | "shr_s" | "shr_u", Two> = {
  splat: one(...simd(0x11)),
  shl: two(...simd(0xab)),
  shr_s: two(...simd(0xac)),
  shr_u: two(...simd(0xad)),
  add: two(...simd(0xae)),
  mul: two(...simd(0xb5)),
};

/** Two doubles at once. */
export const f64x2: Named<"splat" | "floor", One> & Named<"add" | "sub" | "mul", Two> = {
  splat: one(...simd(0x14)),
  floor: one(...simd(0x75)),
  add: two(...simd(0xf0)),
  sub: two(...simd(0xf1)),
  mul: two(...simd(0xf2)),
};

/** The value of a local variable. */
export function get(local: Local): Code {
  return [0x20, unsigned(local.index)];
}

/** Gives a local variable a value. */
export function set(local: Local, value: Code): Code {
  return [value, 0x21, unsigned(local.index)];
}

/** Gives a local variable a value, which is the result. */
export function tee(local: Local, value: Code): Code {
  return [value, 0x22, unsigned(local.index)];
}

/** Takes a value from the stack. */
export function drop(): Code {
  return 0x1a;
}

/** Calls the function with that index; imported ones come first. */
export function call(index: number, ...operands: Code[]): Code {
  return [operands, 0x10, unsigned(index)];
}

/** Gives `count` bytes from an address on one value. */
export function fill(address: Code, byte: Code, count: Code): Code {
  return [address, byte, count, more(11), 0];
}

/** One of two values. */
export function select(whenTrue: Code, whenFalse: Code, condition: Code): Code {
  return [whenTrue, whenFalse, condition, 0x1b];
}

/** Does `body`; a branch to `label` goes behind it. */
export function block(label: string, ...body: Code[]): Code {
  return { kind: "block", label, body };
}

/** Does `body`; a branch to `label` does it again. */
export function loop(label: string, ...body: Code[]): Code {
  return { kind: "loop", label, body };
}

/** Does `body` if the condition is not 0. */
export function when(condition: Code, ...body: Code[]): Code {
  return [condition, { kind: "if", label: "", body }];
}

/** The same, where the condition mostly holds: what follows else is kept out of the way. */
export function whenMostly(condition: Code, ...body: Code[]): Code {
  return [condition, { kind: "if", label: "", body, expected: true }];
}

/** The same, where the condition hardly ever holds. */
export function whenRarely(condition: Code, ...body: Code[]): Code {
  return [condition, { kind: "if", label: "", body, expected: false }];
}

/** Does `body` as long as the condition is not 0; a branch to "while" asks it again, one to "done" goes behind. */
export function whilst(condition: Code, ...body: Code[]): Code {
  return block("done", loop("while", brIf("done", i32.eqz(condition)), body, br("while")));
}

/** Goes to a block, or to a loop's beginning. */
export function br(label: string): Code {
  return { kind: "br", label };
}

/** The same if the condition is not 0. */
export function brIf(label: string, condition: Code): Code {
  return [condition, { kind: "br_if", label }];
}

/** The same, where the condition hardly ever holds. */
export function brIfRarely(label: string, condition: Code): Code {
  return [condition, { kind: "br_if", label, expected: false }];
}

/** Goes to the block that `labels` has at the place `index`, or to `otherwise` where it has none there. */
export function brTable(labels: readonly string[], otherwise: string, index: Code): Code {
  return [index, { kind: "br_table", labels, otherwise }];
}
