import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  block,
  br,
  brIf,
  brIfRarely,
  brTable,
  bytesOf,
  call,
  encoded,
  f64,
  get,
  i32,
  i64,
  loop,
  select,
  set,
  tee,
  unsigned,
  v128,
  when,
  whenMostly,
} from "./code.ts";
import type { Code, Local, ValueType } from "./code.ts";
import { localsOf, moduleBytes } from "./module.ts";
import type { Wasm, WasmFunction } from "./module.ts";

interface Sections {
  readonly Module: { customSections(module: object, name: string): readonly ArrayBuffer[] };
}
const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Wasm & Sections };
const memory = new wasm.Memory({ initial: 1 });
const bytes = new Uint8Array(memory.buffer);
const twice = { params: ["i32"], results: ["i32"] } as const;

/** Runs a function that has an import which doubles a number. */
function run(made: Partial<WasmFunction> & { readonly body: Code }, ...values: readonly unknown[]): unknown {
  const run: WasmFunction = { params: [], results: ["i32"], locals: [], ...made };
  const module = new wasm.Module(moduleBytes({ imports: { twice }, run }));
  const env = { memory, twice: (value: number) => value * 2 };
  return (new wasm.Instance(module, { env }).exports["run"] as (...values: readonly unknown[]) => unknown)(
    ...values,
  );
}

const param = (index: number, type: ValueType): Local => ({ index, type });

describe("WebAssembly as plain data", () => {
  it("has integers and doubles of any value as constants", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.double(),
        (a, b, c) => {
          expect(run({ body: i32.const(a) })).toBe(a);
          expect(run({ results: ["i64"], body: i64.const(b) })).toBe(b);
          expect(run({ results: ["f64"], body: f64.const(c) })).toBe(c);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("takes an int64 by its bits", () => {
    expect(run({ results: ["i64"], body: i64.const(0x8080808080808080n) })).toBe(-9187201950435737472n);
  });

  it("counts in LEB128", () => {
    expect([0, 127, 128, 16_384, 2 ** 32 - 1].map(unsigned)).toEqual([
      [0],
      [0x7f],
      [0x80, 1],
      [0x80, 0x80, 1],
      [0xff, 0xff, 0xff, 0xff, 0x0f],
    ]);
  });

  it("branches to the innermost block of a name, out of whatever lies between", () => {
    const { sum, i } = localsOf(1, { sum: "i32", i: "i32" });
    const n = param(0, "i32");
    const body = [
      block(
        "done",
        loop(
          "next",
          brIf("done", i32.ge_s(get(i), get(n))),
          set(i, i32.add(get(i), i32.const(1))),
          when(i32.eq(get(i), i32.const(3)), br("next")),
          block("done", br("done")),
          set(sum, i32.add(get(sum), get(i))),
          br("next"),
        ),
      ),
      get(sum),
    ];
    expect(run({ params: ["i32"], locals: [sum, i], body }, 5)).toBe(1 + 2 + 4 + 5);
  });

  it("goes to the block at a place of a table, and elsewhere where it has no such place", () => {
    const done = (value: number): Code => [set(param(1, "i32"), i32.const(value)), br("done")];
    const inner = block(
      "a",
      block("b", block("else", brTable(["a", "b", "a"], "else", get(param(0, "i32")))), done(9)),
      done(2),
    );
    const body = [block("done", inner, done(1)), get(param(1, "i32"))];
    const at = (place: number): unknown => run({ params: ["i32"], locals: [param(1, "i32")], body }, place);
    expect([0, 1, 2, 3, 1000, -1].map(at)).toEqual([1, 2, 1, 9, 9, 9]);
    expect(() => bytesOf(block("a", brTable(["a", "b"], "a", i32.const(0))))).toThrow(
      'There is no block "b"',
    );
  });

  it("refuses a branch to a block that is not around it", () => {
    expect(() => bytesOf([block("a"), br("a")])).toThrow('There is no block "a" around a branch to it.');
  });

  it("says at which place of the function what is expected of a condition", () => {
    const body = block("away", brIfRarely("away", get(param(0, "i32"))), whenMostly(get(param(0, "i32"))));
    const { bytes: code, hints } = encoded(body);
    expect(hints.map(({ at, holds }) => [code[at], holds])).toEqual([
      [0x0d, false],
      [0x04, true],
    ]);
    const run = { params: ["i32"], results: [], locals: [param(1, "i32")], body } as const;
    const module = new wasm.Module(moduleBytes({ imports: { twice }, run }));
    const [section] = wasm.Module.customSections(module, "metadata.code.branch_hint");
    // The places count from the three bytes that say which variables there are.
    const ofEach = hints.flatMap(({ at, holds }) => [3 + at, 1, Number(holds)]);
    expect([...new Uint8Array(section as ArrayBuffer)]).toEqual([1, 1, 2, ...ofEach]);
  });

  it("calls what it imports, and chooses", () => {
    const { doubled } = localsOf(1, { doubled: "i32" });
    const body = select(
      get(doubled),
      i32.const(-1),
      i32.gt_s(tee(doubled, call(0, get(param(0, "i32")))), i32.const(9)),
    );
    // The operands of select come first: the variable is read before it has a value.
    expect(run({ params: ["i32"], locals: [doubled], body }, 5)).toBe(0);
    expect(run({ params: ["i32"], locals: [doubled], body }, 4)).toBe(-1);
  });

  it("finds bytes among sixteen", () => {
    bytes.set(new TextEncoder().encode('xxab"defghijklmno"'), 100);
    const sixteen = v128.load(i32.const(100), 2);
    expect(run({ body: v128.bitmask8(v128.eq8(sixteen, v128.splat(0x22))) })).toBe((1 << 2) | (1 << 15));
    expect(run({ body: v128.bitmask8(v128.le8_u(sixteen, v128.splat(0x61))) })).toBe(
      (1 << 2) | (1 << 15) | 1,
    );
  });

  it("writes where an address and an offset say", () => {
    const value = i64.load(i32.const(300), 8);
    run({ results: [], body: f64.store(i32.const(300), f64.fromI32(i32.const(7)), 8) });
    expect(run({ results: ["i64"], body: value })).toBe(new BigInt64Array(Float64Array.of(7).buffer)[0]);
    run({ results: [], body: i32.store8(i32.const(400), i32.const(0x1ff)) });
    expect([...bytes.subarray(400, 402)]).toEqual([0xff, 0]);
  });
});
