import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lambdaReturns } from "./lambda-returns.ts";
import type { Lambda } from "./lambda-source.ts";

// oxlint-disable-next-line typescript/no-implied-eval -- a function's own text is what is tested
const compiled = (text: string): Lambda => new Function(`return (${text})`)() as Lambda;

test.each([
  ["(o) => ({ a: o.x, b: 1 })", ["a", "b"]],
  ["({ x, y }) => ({ x, y: { z: y } })", ["x", "y"]],
  ["function (o) { const a = 1; if (o.x) return { a }; return { a, b: 2 }; }", ["a", "b"]],
  ["(o) => o.x ? { a: 1 } : { 'b c': 2 }", ["a", "b c"]],
  ["{ m(o) { return { a: [o].map((p) => { return p; }) } } }.m", ["a"]],
  ["(o) => { const inner = () => { return o; }; return { a: inner() }; }", ["a"]],
  ["(o) => { try { return { a: 1 }; } finally { o.x(); } }", ["a"]],
  ["() => {}", []],
] as const)("the columns of what %s returns are %j", (text, names) => {
  expect(lambdaReturns(compiled(text))).toEqual(names);
});

test.each([
  "(o) => o",
  "(o) => ({ ...o, a: 1 })",
  "(o) => ({ [o.x]: 1 })",
  "(o) => ({ get a() { return 1; } })",
  "(o) => ({ __proto__: o, a: 1 })",
  "(o) => ({ 1: o.x })",
  "(o) => o.x && { a: 1 }",
  "(o) => { const made = { a: 1 }; made[o.x] = 2; return made; }",
  "(o) => { if (o.x) return o; return { a: 1 }; }",
  "(o) => { for (;;) { switch (o.x) { default: return o; } } }",
  "(o) => (o.x(), { a: 1 })",
  "async (o) => ({ a: 1 })",
  "function* () { return { a: 1 }; }",
  "class { a = 1 }",
  "Object",
])("of what %s returns nothing is known", (text) => {
  expect(lambdaReturns(compiled(text))).toBe("any");
});

test("what a lambda returns has no column that was not told", () => {
  const name = fc.constantFrom("a", "b", "c");
  const expression = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom("1", "o", "o.x", "[o]"),
      fc
        .array(fc.tuple(name, tie("value")), { maxLength: 3 })
        .map((cells) => `({${cells.map(([key, value]) => `${key}:${value}`).join()}})`),
      fc.tuple(tie("value"), name).map(([value, key]) => `({...${value},${key}:1})`),
      fc.tuple(tie("value"), tie("value")).map(([x, y]) => `(o.x?${x}:${y})`),
      fc.tuple(tie("value"), tie("value")).map(([x, y]) => `(${x},${y})`),
      tie("value").map((value) => `(()=>{return ${value}})()`),
    ),
  })).value;
  const body = fc.letrec<{ statement: string }>((tie) => ({
    statement: fc.oneof(
      { maxDepth: 2 },
      expression.map((value) => `return ${value};`),
      fc.tuple(tie("statement"), tie("statement")).map(([x, y]) => `if(o.x){${x}}else{${y}}`),
      tie("statement").map((inner) => `try{${inner}}finally{o.y}`),
      tie("statement").map((inner) => `((o)=>{${inner}})(o);`),
    ),
  })).statement;
  const texts = fc.oneof(
    expression.map((value) => `(o)=>${value}`),
    body.map((statements) => `(o)=>{${statements}}`),
  );
  let known = 0;
  fc.assert(
    fc.property(texts, fc.record({ x: fc.boolean(), q: fc.nat() }), (text, row) => {
      const lambda = compiled(text);
      const names = lambdaReturns(lambda);
      if (names === "any") return;
      known++;
      const made = (lambda as (o: object) => unknown)(row);
      for (const key in made as object) expect(names).toContain(key);
    }),
    { numRuns: 1000 },
  );
  expect(known).toBeGreaterThan(100);
});
