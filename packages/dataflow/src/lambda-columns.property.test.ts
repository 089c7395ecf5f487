import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lambdaColumns } from "./lambda-columns.ts";
import type { Lambda } from "./lambda-source.ts";

const COLUMNS = ["a", "b", "c", "d", "e", "o"];
type Row = Record<string, unknown>;

/** A piece of a lambda's text and the columns that it reads of the row. */
interface Piece {
  readonly text: string;
  readonly reads: readonly string[];
}
const bare = (text: string): Piece => ({ text, reads: [] });
const joined = (make: (...texts: string[]) => string, ...pieces: readonly Piece[]): Piece => ({
  text: make(...pieces.map(({ text }) => text)),
  reads: pieces.flatMap(({ reads }) => reads),
});

const column = fc.constantFrom(...COLUMNS);
/** Names of parameters, and of columns: minified code has one letter for everything. */
const name = fc.constantFrom("o", "e", "row", "a");

/** Expressions over a row called `row`, in all forms from which the columns can be told. */
function readable(row: string): fc.Arbitrary<Piece> {
  const read = fc
    .tuple(
      column,
      fc.constantFrom(
        (c: string) => `${row}.${c}`,
        (c: string) => `${row}?.${c}`,
        (c: string) => `${row}["${c}"]`,
      ),
    )
    .map(([c, form]): Piece => ({ text: form(c), reads: [c] }));
  const literal = fc
    .constantFrom("1", "'x'", "null", "true", `'${row}'`, `/* ${row} */ 2`, `({${row}:1}).${row}`)
    .map(bare);
  // Functions that take the name of the row for something else.
  const shadow = fc
    .constantFrom(
      `(${row}=>${row})(1)`,
      `(({${row}})=>${row})({${row}:2})`,
      `(([${row}])=>${row}.x)([3])`,
      `((x,...${row})=>${row}.length)(1,2)`,
      `(function(${row}=4){return ${row}.toFixed()})()`,
    )
    .map(bare);
  return fc.letrec<{ expression: Piece }>((tie) => {
    const two = (make: (x: string, y: string) => string): fc.Arbitrary<Piece> =>
      fc
        .tuple(tie("expression"), tie("expression"))
        .map(([x, y]) => joined(make as (...t: string[]) => string, x, y));
    return {
      expression: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        read,
        literal,
        shadow,
        two((x, y) => `(${x}+${y})`),
        two((x, y) => `(${x}??${y})`),
        two((x, y) => `(${x}?${y}:0)`),
        two((x, y) => `\`\${${x}} and \${${y}}\``),
        two((x, y) => `[${x},...[${y}]]`),
        two((x, y) => `({x:${x},["k"+${y}]:1})`),
        two((x, y) => `(inner=>{let z=${x};return [z,inner]})(${y})`),
        two((x, y) => `((p=${x})=>[p,${y}])()`),
        two((x, y) => `(()=>{try{return ${x}}finally{${y}}})()`),
        two((x, y) => `(()=>{const{length:n=${y}}=[${x}];return n})()`),
        fc.tuple(column, tie("expression")).map(([c, y]): Piece => ({
          text: `(()=>{const{${c}:q=${y.text}}=${row};return q})()`,
          reads: [c, ...y.reads],
        })),
      ),
    };
  }).expression;
}

/** Ways in which a row gets out of sight. */
const hiding = (row: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    row,
    `Object.keys(${row}).join()`,
    `JSON.stringify(${row})`,
    `({...${row}})`,
    `(x=>x.b)(${row})`,
    `(()=>{const {a,...rest}=${row};return rest})()`,
    `(()=>{const other=${row};return other.d})()`,
    `(()=>{let a;({a}=${row});return a})()`,
    `${row}["a"+""]`,
    `${row}.zzz`,
    `${row}.hasOwnProperty("b")`,
    `(delete ${row}.a)`,
    `(${row}.a=5,${row}.a)`,
    `${row}.b++`,
    `("c" in ${row})`,
    `eval("${row}.d")`,
    `${row}?.a?.()`,
  );

/** The lambda's whole text around an expression, in the forms that functions have. */
const forms = (row: string): fc.Arbitrary<(text: string) => string> =>
  fc.constantFrom(
    (text: string) => `${row}=>${text}`,
    (text: string) => `(${row})=>{return ${text}}`,
    (text: string) => `function(${row}){return ${text}}`,
    (text: string) => `function named(${row}, unused = 1){ /* comment */ return ${text} }`,
    (text: string) => `(${row}, second = ${text}) => second`,
    (text: string) => `({ method(${row}) { return ${text} } }).method`,
  );

// oxlint-disable-next-line typescript/no-implied-eval -- a function's own text is what is tested
const compiled = (text: string): Lambda => new Function(`return (${text})`)() as Lambda;
/** What a lambda makes of a row, whether it returns or throws. */
function outcome(lambda: Lambda, row: Row): unknown {
  try {
    return { returned: (lambda as (row: Row) => unknown)(row) };
  } catch (thrown) {
    return { threw: String(thrown) };
  }
}
const full = (): Row => ({ a: 1, b: "two", c: null, d: [4], e: { x: 5 }, o: 6n });
const projected = (columns: readonly string[] | "all"): Row =>
  columns === "all"
    ? full()
    : Object.fromEntries(Object.entries(full()).filter(([key]) => columns.includes(key)));

test("A lambda that only reads columns reads exactly those, and does the same with them alone", () => {
  const lambdas = name.chain((row) => fc.tuple(readable(row), forms(row)));
  fc.assert(
    fc.property(lambdas, ([{ text, reads }, form]) => {
      const lambda = compiled(form(text));
      const columns = lambdaColumns(lambda, COLUMNS);
      expect(columns).toEqual(COLUMNS.filter((each) => reads.includes(each)));
      expect(outcome(lambda, projected(columns))).toEqual(outcome(lambda, full()));
    }),
    { numRuns: 1_000 },
  );
});

test("A lambda in which the row gets out of sight anywhere reads all columns", () => {
  const lambdas = name.chain((row) => fc.tuple(readable(row), hiding(row), readable(row), forms(row)));
  fc.assert(
    fc.property(lambdas, ([before, hidden, after, form]) => {
      const lambda = compiled(form(`[${before.text},${hidden},${after.text}]`));
      expect(lambdaColumns(lambda, COLUMNS)).toBe("all");
    }),
    { numRuns: 500 },
  );
});

test("A destructured row is read by the names in its pattern", () => {
  const field = fc.record({ c: column, initial: fc.constantFrom("", "=1", "=[0]") });
  const patterns = fc.uniqueArray(field, { selector: ({ c }) => c, maxLength: 4 });
  const rest = fc.constantFrom(undefined, "...rest", "['a']:k");
  fc.assert(
    fc.property(patterns, rest, fc.boolean(), (fields, extra, asDeclaration) => {
      const parts = fields.map(({ c, initial }, index) => `${c}:v${index}${initial}`);
      const pattern = `{${[...parts, ...(extra === undefined ? [] : [extra])].join(",")}}`;
      const result = `[${fields.map((_, index) => `v${index}`).join(",")}]`;
      const lambda = compiled(
        asDeclaration ? `r=>{const ${pattern}=r;return ${result}}` : `(${pattern})=>${result}`,
      );
      const columns = lambdaColumns(lambda, COLUMNS);
      expect(columns).toEqual(
        extra === undefined ? COLUMNS.filter((each) => fields.some(({ c }) => c === each)) : "all",
      );
      expect(outcome(lambda, projected(columns))).toEqual(outcome(lambda, full()));
    }),
    { numRuns: 500 },
  );
});
