import fc from "fast-check";
import { describe, test } from "vitest";
import { t, type Columns, type Json, type Schema } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { batchOf } from "@df/core/batch/rows";
import { checkOperator, logArbitrary, show, type Entry, type OracleOutput } from "@df/testing";
import { latest, type LatestOptions } from "./latest.ts";

type Plain = Entry["row"];

/** The highest row of each group by canonical bytes: of the `by` columns, then of the whole row. */
function naive(entries: readonly Entry[], schema: Schema, { group, by }: LatestOptions): OracleOutput {
  const indexes = by.map((name) => schema.fields.findIndex((field) => field.name === name));
  const codecs = [new CanonicalCodec(schema, indexes), new CanonicalCodec(schema)];
  const bytes = (codec: CanonicalCodec, row: Plain): Buffer =>
    Buffer.from(codec.encode(batchOf(schema, [row]), 0));
  const order = (a: Plain, b: Plain): number =>
    codecs.reduce((found, codec) => found || Buffer.compare(bytes(codec, a), bytes(codec, b)), 0);
  const groups = Map.groupBy(entries, ({ row }) => show(group.map((name) => row[name])));
  const highest = [...groups.values()].map((rows) =>
    rows
      .map(({ row }) => row)
      .toSorted(order)
      .at(-1),
  );
  return {
    ports: [highest.map((row) => ({ row: row ?? {} }))],
    counts: { folded: entries.length },
  };
}

interface Kind {
  readonly type: Columns[string];
  /** Values of which many are equal, or nearly. */
  readonly values: fc.Arbitrary<unknown>;
}

const WIDE = 2n ** 53n;
const kinds: Readonly<Record<string, Kind>> = {
  bool: { type: t.bool().nullable(), values: fc.constantFrom(null, false, true) },
  int32: { type: t.int32().nullable(), values: fc.constantFrom(null, -(2 ** 31), -1, 0, 7, 2 ** 31 - 1) },
  "int64, safe": {
    type: t.int().nullable(),
    values: fc.constantFrom(null, -(2 ** 33), -1, 0, 2 ** 32, 2 ** 52),
  },
  int64: {
    type: t.int64().nullable(),
    // Beyond 2^53 neighbours have one rank.
    values: fc.oneof(
      fc.constantFrom(null, 0n, -1n, WIDE - 1n, WIDE, WIDE + 1n, -WIDE, -WIDE - 1n, -(2n ** 63n)),
      fc.bigInt({ min: 2n ** 63n - 4n, max: 2n ** 63n - 1n }),
    ),
  },
  float64: {
    type: t.float64().nullable(),
    values: fc.constantFrom(null, Number.NaN, Infinity, -Infinity, 0, -0, 5e-324, -1.5, 1e300),
  },
  decimal: {
    type: t.decimal(18, 2).nullable(),
    values: fc.constantFrom(null, "-0.01", "0.00", "9007199254740993.01", "9007199254740993.02"),
  },
  timestamp: {
    type: t.timestamp().nullable(),
    values: fc.constantFrom(null, -0.001, 0, 0.001, 1_700_000_000_000),
  },
  date: {
    type: t.date().nullable(),
    values: fc.constantFrom(null, "1969-12-31", "1970-01-01", "2026-02-28"),
  },
  string: {
    type: t.string().nullable(),
    // Of one prefix, with zero bytes, and in another order by UTF-16.
    values: fc.constantFrom(
      null,
      "",
      "\0",
      "a",
      "a\0",
      "longer 1",
      "longer 2",
      "longer",
      "\uFFFF",
      "\u{1F600}",
    ),
  },
};

describe("latest keeps the highest row of each group, in any batches, shards and crashes", () => {
  test.for(Object.entries(kinds))("by one column of type %s", ([, { type, values }]) => {
    const { schema } = t.row({ tail: t.int32(), group: t.string().nullable(), at: type, text: t.string() });
    const options = { group: ["group"], by: ["at"] };
    const row = fc.record({
      tail: fc.nat(1),
      // Many groups: in a large one the highest values hide how low ones are compared.
      group: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", null),
      at: values,
      text: fc.constantFrom("", "x", "a text of more than sixteen bytes"),
    });
    checkOperator({
      operator: latest(options),
      inputs: [{ schema }],
      logs: logArbitrary(row, { rowsMax: 40 }).map((log) => [log]),
      oracle: ({ inputs: [entries = []] }) => naive(entries, schema, options),
      runs: 8,
    });
  });

  const Row = t.row({
    flag: t.bool(),
    n: t.int64().nullable(),
    user: t.int(),
    at: t.timestamp(),
    x: t.float64().nullable(),
    seq: t.int32().optional(),
    day: t.date().nullable(),
    raw: t.bytes().nullable(),
    part: t.float64().nullable(),
    tag: t.json<Json>().nullable(),
    price: t.decimal(6, 2),
  });
  const row = fc.record(
    {
      flag: fc.boolean(),
      n: fc.constantFrom(null, 1n, -(2n ** 63n)),
      user: fc.constantFrom(1, 2 ** 52),
      at: fc.integer({ min: 0, max: 2 }),
      x: fc.constantFrom(null, Number.NaN, -0, 0, Infinity),
      seq: fc.constantFrom(null, -1, 3),
      day: fc.constantFrom(null, "2026-01-01"),
      raw: fc.constantFrom(null, new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 0, 255)),
      part: fc.constantFrom(null, 0, -0, Number.NaN),
      tag: fc.constantFrom(null, 1, { a: "\0" }, { b: [] }),
      price: fc.constantFrom("0.00", "-1.50"),
    },
    { requiredKeys: ["flag", "n", "user", "at", "x", "day", "raw", "part", "tag", "price"] },
  );

  test.for([
    { group: ["user", "part"], by: ["at", "seq"] },
    { group: ["part"], by: ["x", "n", "flag"] },
    { group: ["price", "flag", "user"], by: ["day"] },
  ])("a row of all types, $group by $by", (options) => {
    checkOperator({
      operator: latest(options),
      inputs: [{ schema: Row.schema, time: "at", boundMicros: 1_000 }],
      logs: logArbitrary(row, { rowsMax: 40 }).map((log) => [log]),
      oracle: ({ inputs: [entries = []] }) => naive(entries, Row.schema, options),
      anyOrder: true,
      runs: 6,
    });
  });
});
