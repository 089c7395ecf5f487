/** Random schemas, rows and batches for property tests, rich in values that break careless code. */
import { gatherRows, unreachable } from "@df/core";
import type { Batch, ChangeMode, ColumnType, Field, Schema } from "@df/core";
import { dateText, decimalText, millisOf } from "@df/core/batch/cells";
import { batchOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { unicodeText } from "./unicode-text.ts";

/** Names that exist on every object, look like code or like an index, or are empty. */
const HOSTILE_NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "0",
  "a b",
  '"`${1}',
  "\u{1F600}",
  "\u2028",
];

const nameArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("a", "b", "c", "amount", "user"),
  fc.constantFrom(...HOSTILE_NAMES),
);

const typeArbitrary: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { kind: "bool" },
    { kind: "int32" },
    { kind: "int64", as: "bigint" },
    { kind: "int64", as: "number" },
    { kind: "float64" },
    { kind: "string" },
    { kind: "string", values: ["", "red", "gr\u00fcn"] },
    { kind: "bytes" },
    { kind: "timestamp", json: "iso" },
    { kind: "date" },
    { kind: "json" },
  ),
  fc
    .integer({ min: 1, max: 18 })
    .chain((precision) =>
      fc
        .integer({ min: 0, max: precision })
        .map((scale): ColumnType => ({ kind: "decimal", precision, scale })),
    ),
);

const fieldArbitrary: fc.Arbitrary<Field> = fc
  .record({
    name: nameArbitrary,
    type: typeArbitrary,
    absence: fc.constantFrom("required", "nullable", "optional"),
  })
  .map(({ name, type, absence }) => ({
    name,
    type,
    nullable: absence !== "required",
    optional: absence === "optional",
  }));

/** Schemas of one to six columns of all types, also with hostile names. */
export const schemaArbitrary: fc.Arbitrary<Schema> = fc
  .uniqueArray(fieldArbitrary, { minLength: 1, maxLength: 6, selector: (field) => field.name })
  .map((fields) => ({ fields }));

/** Values of a column as a lambda reads them, null where the field allows it. */
export function cellArbitrary(field: Field): fc.Arbitrary<unknown> {
  const value = valueArbitrary(field.type);
  return field.nullable ? fc.option(value, { freq: 3 }) : value;
}

/**
 * Rows of a schema as lambdas read them, so `rowsOf(batchOf(schema, [row]))` is the row again, with null for the
 * optional columns that it leaves out.
 */
export function rowArbitrary(schema: Schema): fc.Arbitrary<Record<string, unknown>> {
  const cells = schema.fields.map((field) =>
    field.optional ? fc.option(cellArbitrary(field), { nil: undefined, freq: 4 }) : cellArbitrary(field),
  );
  return fc.tuple(...cells).map((values) => {
    const row: Record<string, unknown> = {};
    for (const [i, field] of schema.fields.entries()) {
      const value = values[i];
      if (value === undefined) continue;
      Object.defineProperty(row, field.name, { value, writable: true, enumerable: true, configurable: true });
    }
    return row;
  });
}

/** What random batches are like. */
export interface BatchArbitraryOptions {
  /** Default 1. */
  readonly rowsMin?: number | undefined;
  /** Default 20. */
  readonly rowsMax?: number | undefined;
  /** Default "append"; others have diffs of +1 and −1. */
  readonly change?: ChangeMode | undefined;
  /** Random event times, else −∞. */
  readonly timed?: boolean | undefined;
}

/** Batches of a schema. About half of them share text between rows and hold it out of order, as decoders may do. */
export function batchArbitrary(schema: Schema, options: BatchArbitraryOptions = {}): fc.Arbitrary<Batch> {
  const { rowsMin = 1, rowsMax = 20, change = "append", timed = false } = options;
  const entry = fc.record({
    row: rowArbitrary(schema),
    diff: fc.constantFrom(1, -1),
    time: fc.integer({ min: -1_000_000, max: 1_000_000_000 }),
    taken: fc.nat(),
  });
  return fc
    .record({ entries: fc.array(entry, { minLength: rowsMin, maxLength: rowsMax }), shuffled: fc.boolean() })
    .map(({ entries, shuffled }) => {
      const batch = batchOf(
        schema,
        entries.map(({ row }) => row),
        {
          change,
          diffs: change === "append" ? undefined : entries.map(({ diff }) => diff),
          times: timed ? entries.map(({ time }) => time) : undefined,
        },
      );
      if (!shuffled) return batch;
      return gatherRows(
        batch,
        Int32Array.from(entries, ({ taken }) => taken % batch.length),
        batch.length,
      );
    });
}

function valueArbitrary(type: ColumnType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "int32":
      return int32Arbitrary;
    case "int64":
      return type.as === "bigint" ? int64Arbitrary : fc.maxSafeInteger();
    case "float64":
      return fc.oneof(fc.constantFrom(Number.NaN, -0, 0, Infinity, -Infinity, 5e-324, -5e-324), fc.double());
    case "decimal": {
      const limit = 10n ** BigInt(type.precision) - 1n;
      return fc.bigInt({ min: -limit, max: limit }).map((unscaled) => decimalText(unscaled, type.scale));
    }
    case "string":
      return type.values === undefined ? textArbitrary : fc.constantFrom(...type.values);
    case "bytes":
      return fc.uint8Array({ maxLength: 12 });
    case "timestamp":
      return timestampArbitrary;
    case "date":
      return int32Arbitrary.map(dateText);
    case "json":
      // In a nullable column a JSON null would become a null of the column.
      return fc.jsonValue().filter((value) => value !== null);
    default:
      return unreachable(type);
  }
}

const int32Arbitrary: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(-2_147_483_648, -1, 0, 2_147_483_647),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.integer(),
);

const int64Arbitrary: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), 0n),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

const textArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "\0", "a\0", "a\0\0b", "\u{1F600}", "\uFEFFbom", "\uFFFF", "null", "-1"),
  unicodeText(12),
);

/** The times that milliseconds hold exactly with their microseconds, and whole milliseconds up to the limits. */
const timestampArbitrary: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -(2 ** 43) * 1000, max: 2 ** 43 * 1000 }).map(millisOf),
  fc.integer({ min: -9_007_199_254_740, max: 9_007_199_254_740 }),
  fc.constantFrom(-0.001, 0, 0.001, 0.999, 253_402_300_799.999),
);
