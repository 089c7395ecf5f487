import { ColumnBuilder, type Batch, type Schema } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { batchOf, compileRowMapper, rowReader, rowWriter, type RowMapper } from "@df/core/batch/rows";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { batchArbitrary, rowArbitrary, schemaArbitrary } from "./arbitraries.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What a lambda may return for a row or a cell, right or wrong. */
const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer(),
  fc.constantFrom(
    -0,
    2 ** 53,
    1.5,
    1_700_000_000_000.123,
    0.255,
    8_640_000_000_000_000,
    Number.NaN,
    Infinity,
    null,
    undefined,
  ),
  fc.constantFrom(true, "", "text", "\ud800", "2026-01-31", "1.25", {}, [1]).map((value) => value),
  fc.date({ noInvalidDate: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

/** Rows of one schema, and what a lambda makes of each. */
const cases = fc.tuple(schemaArbitrary, schemaArbitrary).chain(([schema, output]) =>
  batchArbitrary(schema, { rowsMax: 12 }).chain((batch) => {
    const right = rowArbitrary(output);
    const odd = fc.tuple(right, fc.nat(), anything, fc.boolean()).map(([row, at, value, isNew]) => ({
      ...row,
      [isNew ? "undeclared" : (output.fields[at % output.fields.length]?.name ?? "")]: value,
    }));
    const results = (row: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> =>
      fc.array(row, { minLength: batch.length, maxLength: batch.length });
    const rows = fc.oneof(results(right), results(right), results(odd), results(fc.oneof(right, anything)));
    return fc.record({ batch: fc.constant(batch), output: fc.constant(output), rows });
  }),
);

function buildersOf(schema: Schema): ColumnBuilder[] {
  return schema.fields.map((field) => new ColumnBuilder(field.type, 4));
}

/** The bytes of the rows that builders hold, and what their numbers lie in. */
function contents(builders: readonly ColumnBuilder[], schema: Schema, length: number): unknown {
  const columns = builders.map((builder) => builder.lend());
  const batch: Batch = { schema, length, columns, change: "append", times: new Float64Array(), clocks: 0 };
  const codec = new CanonicalCodec(schema);
  return [
    columns.map((column) => (column.layout === "long" ? column.values.constructor.name : column.layout)),
    Array.from({ length }, (_, row) => Buffer.from(codec.encode(batch, row)).toString("hex")),
  ];
}

/** Runs a loop over a batch: what the lambda saw, and what was made, or undefined where a row was refused. */
function ran(map: RowMapper | undefined, batch: Batch, builders: ColumnBuilder[], output: Schema): unknown {
  for (const builder of builders) builder.truncate(0);
  try {
    map?.(batch, builders);
  } catch {
    return undefined;
  }
  return contents(builders, output, batch.length);
}

test("the generated loop of a map makes what its twin makes row by row, and refuses where that does", () => {
  let [made, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(cases, { minLength: 1, maxLength: 3 }), fc.boolean(), (all, known) => {
      for (const { batch, output, rows } of all) {
        const seen: unknown[] = [];
        const lambda = (row: Record<string, unknown>): unknown => rows[seen.push(Object.entries(row)) - 1];
        const names = new Set(rows.flatMap((row) => (row instanceof Object ? Object.keys(row) : [])));
        const returns = known ? [...names] : "any";
        const { schema } = batch;
        const generated = compileRowMapper({ schema, columns: "all", lambda, output, returns });
        const [read, write] = [rowReader(schema, "all", false), rowWriter(output, false)];
        const twin: RowMapper = (from, into) => {
          for (let row = 0; row < from.length; row++) write(lambda(read(from, row)), into);
        };
        if (generated === undefined) continue;
        const builders = buildersOf(output);
        const found = [generated, twin, generated].map((map) => {
          seen.length = 0;
          return [ran(map, batch, builders, output), [...seen]];
        });
        expect(found[0]).toStrictEqual(found[1]);
        expect(found[2]).toStrictEqual(found[1]);
        if (found[0]?.[0] === undefined) refused++;
        else made++;
      }
    }),
    { numRuns: 400 },
  );
  expect([made > 100, refused > 100]).toEqual([true, true]);
});

const ints: Schema = {
  fields: [{ name: "n", type: { kind: "int64", as: "number" }, nullable: false, optional: false }],
};

test("there is no generated loop where code may not be generated, or a column is called as what every object has", () => {
  const options = { schema: ints, columns: "all", lambda: () => ({}), output: ints, returns: "any" } as const;
  expect(compileRowMapper(options)).toBeDefined();
  const inherited: Schema = { fields: ints.fields.map((field) => ({ ...field, name: "toString" })) };
  expect(compileRowMapper({ ...options, output: inherited })).toBeUndefined();
  vi.stubGlobal("Function", () => {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  expect(compileRowMapper(options)).toBeUndefined();
});

test("no other columns are looked for where those that a lambda returns are known", () => {
  const batch = batchOf(ints, [{ n: 1 }]);
  const made = (returns: readonly string[] | "any", result: object): unknown => {
    const map = compileRowMapper({
      schema: ints,
      columns: "all",
      lambda: () => result,
      output: ints,
      returns,
    });
    return ran(map, batch, buildersOf(ints), ints) === undefined ? "refused" : "made";
  };
  expect(made("any", { n: 1, m: 2 })).toBe("refused");
  expect(made(["n", "m"], { n: 1, m: 2 })).toBe("refused");
  expect(made(["n"], { n: 1 })).toBe("made");
});
