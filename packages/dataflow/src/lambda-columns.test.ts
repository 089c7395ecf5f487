import { describe, expect, test } from "vitest";
import { lambdaColumns } from "./lambda-columns.ts";
import type { Lambda } from "./lambda-source.ts";
import { untyped } from "./stand-ins.ts";

const COLUMNS = ["a", "b", "c", "__proto__", "toString"];
/** Compiled from text, so that no build step rewrites what is under test. */
// oxlint-disable-next-line typescript/no-implied-eval -- a function's own text is what is tested
const from = (text: string): Lambda => new Function(`return (${text}\n)`)() as Lambda;
const read = (text: string): readonly string[] | "all" => lambdaColumns(from(text), COLUMNS);

describe("columns are found where the row is only read", () => {
  test.each<[string, string[]]>([
    ["(o) => o.a > 0", ["a"]],
    ["o=>o.b+o.a", ["a", "b"]],
    ["function (o) { return o.a }", ["a"]],
    ["function named(o) { return o['b'] }", ["b"]],
    ["(o) => o?.a?.x?.y", ["a"]],
    ["(o) => o?.['c']", ["c"]],
    ["({ a, b: x = 5 }) => a + x", ["a", "b"]],
    ["({ a: { a: deep }, 'c': [first] }) => deep + first", ["a", "c"]],
    ["({ a } = {}) => a", ["a"]],
    ["(o = { a: 1 }) => o.a", ["a"]],
    ["(o) => { const { a, b: renamed } = o; return a + renamed + o.c }", ["a", "b", "c"]],
    ["(o, extra = o.b) => o.a + extra", ["a", "b"]],
    ["(o) => `${o.a} and ${o.b.length}`", ["a", "b"]],
    ["(o) => [1, 2].map((x) => x + o.a)", ["a"]],
    ["(o) => { function inner() { return o.c } return inner() }", ["c"]],
    ["(o) => ({ o: o.a, x: { o: 1 }.o })", ["a"]],
    ["(o) => { o: for (;;) { break o } return o.b }", ["b"]],
    ["(o) => ({ [o.a]: o.b })", ["a", "b"]],
    ["() => true", []],
    ["(o) => 1", []],
    ["(o) => o.toString", ["toString"]],
    ["(o) => o.__proto__", ["__proto__"]],
    ["(o) => o.a.slice(1)", ["a"]],
    ["(o) => new Date(o.a)", ["a"]],
    ["(o) => { const x = o.a; x.y = 1; return x }", ["a"]],
    ["(o) => void (0, o.a)", ["a"]],
    ["(o) => { let x; ({ x = o.b } = { x: o.a }); return x }", ["a", "b"]],
  ])("%s", (text, columns) => {
    expect(read(text)).toEqual(columns);
  });

  test("of a method", () => {
    const holder = from(
      "{ keep(o) { return o.a }, ['computed'](o) { return o.b }, async(o) { return o.c } }",
    ) as unknown as Record<string, Lambda>;
    expect(lambdaColumns(holder["keep"] as Lambda, COLUMNS)).toEqual(["a"]);
    expect(lambdaColumns(holder["computed"] as Lambda, COLUMNS)).toEqual(["b"]);
    expect(lambdaColumns(holder["async"] as Lambda, COLUMNS)).toEqual(["c"]);
  });

  test("of a nested function that takes the same name, the name is another thing", () => {
    expect(read("o=>o.a.map(o=>o)")).toEqual(["a"]);
    expect(read("o=>o.a.map(({o})=>o.anything)")).toEqual(["a"]);
    expect(read("o=>o.a.map(([o],x)=>x(o))")).toEqual(["a"]);
    expect(read("o=>o.a.map((x,...o)=>o)")).toEqual(["a"]);
    expect(read("o=>o.a.map((o=5)=>o)")).toEqual(["a"]);
    expect(read("o=>o.a.map(function(x){return o})")).toBe("all");
  });

  test("of code that counts what it runs, as coverage tools write it", () => {
    expect(read("(o) => { cov.f[0]++; return (cov.b[1][0]++, o.a) || o.b }")).toEqual(["a", "b"]);
  });
});

describe("all columns are read where the row gets out of sight", () => {
  test.each([
    "(o) => o",
    "(o) => ({ ...o })",
    "(o) => ({ o })",
    "(o) => [o]",
    "(o) => JSON.stringify(o)",
    "(o) => Object.keys(o).length",
    "(o) => { const p = o; return p.a }",
    "(o) => { let p; p = o; return p.a }",
    "(o) => { let a; ({ a } = o); return a }",
    "(o) => { o = { a: 2 }; return o.a }",
    "(o) => { var o; return o.a }",
    "(o) => { for (const o of [1]) { } return 1 }",
    "(o) => { o.a = 1; return 1 }",
    "(o) => { o.a++; return 1 }",
    "(o) => { [o.a] = [1]; return 1 }",
    "(o) => { [...o.a] = [1]; return 1 }",
    "(o) => { ({ x: o.a } = { x: 1 }); return 1 }",
    "(o) => { ({ x: o.a = 2 } = {}); return 1 }",
    "(o) => { for (o.a of [1]); return 1 }",
    "(o) => { for (o.a in { x: 1 }); return 1 }",
    "(o) => delete o.a",
    "(o) => delete o?.a",
    "(o) => o.a()",
    "(o) => o?.a()",
    "(o) => (o?.a)()",
    "(o) => o.a`text`",
    "(o) => o.unknown",
    "(o) => o.hasOwnProperty('a')",
    "(o) => o['a' + '']",
    "(o) => o[0]",
    "(o) => 'a' in o",
    "(o) => o == null",
    "(o) => typeof o",
    "(o) => { const { a, ...rest } = o; return rest }",
    "(o) => { const { ['a']: x } = o; return x }",
    "(o) => { const { nothing } = o; return nothing }",
    "({ a, ...rest }) => rest",
    "({ [String('a')]: x }) => x",
    "({ unknown }) => unknown",
    "([a]) => a",
    "(...all) => all[0].a",
    "function (o) { return arguments[0].a }",
    "function (o) { return (() => arguments[0].a)() }",
    "function f(o) { return f.arguments[0].a }",
    "function f(o) { return f['arguments'][0].a }",
    "(o) => eval('o.a')",
    "(o) => (0, eval)('1')",
    "function (o) { with (o) { return a } }",
    "function (o, o) { return o.a }",
    "function* (o) { yield o.a }",
    "async (o) => o.a",
    "class { constructor(o) { this.a = o.a } }",
    "Math.max",
    "((o) => o.a).bind(null)",
    "new Proxy((o) => o.a, {})",
  ])("%s", (text) => {
    expect(read(text)).toBe("all");
  });

  test("in text that is no script: a method with private names", () => {
    class Holder {
      #secret = 1;
      read(o: { a: number }): number {
        return o.a + this.#secret;
      }
    }
    const { read: method }: { read(this: void): unknown } = untyped(new Holder());
    expect(lambdaColumns(method, COLUMNS)).toBe("all");
  });

  test("even where toString was replaced", () => {
    const lambda = Object.assign(from("(o) => o"), { toString: () => "(o) => o.a" });
    expect(lambdaColumns(lambda, COLUMNS)).toBe("all");
  });
});
