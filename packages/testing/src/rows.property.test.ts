import { ColumnBuilder, copyBatch } from "@df/core";
import type { Batch, Field, Schema } from "@df/core";
import { BatchJoiner } from "@df/core/batch/batch-joiner";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { decodeFrames, encodeFrames } from "@df/core/batch/frame";
import { batchOf, rowReader, rowWriter, rowsOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchArbitrary, rowArbitrary, schemaArbitrary } from "./arbitraries.ts";
import type { BatchArbitraryOptions } from "./arbitraries.ts";
import { scramble } from "./arrays.ts";

const batches: fc.Arbitrary<Batch> = schemaArbitrary.chain((schema) =>
  batchArbitrary(schema, { timed: true }),
);

function canonical(batch: Batch): string[] {
  const codec = new CanonicalCodec(batch.schema);
  return Array.from({ length: batch.length }, (_, row) =>
    Buffer.from(codec.encode(batch, row)).toString("hex"),
  );
}

function buildersOf(schema: Schema): ColumnBuilder[] {
  return schema.fields.map((field) => new ColumnBuilder(field.type, 4));
}

/** A batch of the builders' columns, with what else a batch has taken from `like`. */
function taken(builders: readonly ColumnBuilder[], like: Batch): Batch {
  expect(builders.map((builder) => builder.length)).toEqual(builders.map(() => like.length));
  return { ...like, columns: builders.map((builder) => builder.take()) };
}

/** As entries, since a column may be called `__proto__`. */
function entriesOf(rows: readonly object[]): [string, unknown][][] {
  return rows.map((row) => Object.entries(row));
}

test("the generated and the interpreted row reader give equal rows", () => {
  fc.assert(
    fc.property(batches, fc.infiniteStream(fc.boolean()), (batch, choice) => {
      const some = [...batch.schema.fields.keys()].filter(() => choice.next().value).toReversed();
      for (const columns of ["all", some] as const) {
        const generated = rowReader(batch.schema, columns, true);
        const interpreted = rowReader(batch.schema, columns, false);
        for (let row = 0; row < batch.length; row++) {
          const rows = [generated(batch, row), interpreted(batch, row)];
          expect(entriesOf(rows)[0]).toStrictEqual(entriesOf(rows)[1]);
          expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
        }
      }
    }),
  );
});

test("what is read of a row and written again has the same canonical bytes", () => {
  fc.assert(
    fc.property(batches, (batch) => {
      const write = rowWriter(batch.schema);
      const builders = buildersOf(batch.schema);
      for (const row of rowsOf(batch)) write(row, builders);
      expect(canonical(taken(builders, batch))).toEqual(canonical(batch));
    }),
  );
});

const plainSchemas: fc.Arbitrary<Schema> = fc
  .array(
    fc.record({
      type: fc.constantFrom<Field["type"]>(
        { kind: "bool" },
        { kind: "int32" },
        { kind: "int64", as: "bigint" },
        { kind: "int64", as: "number" },
        { kind: "float64" },
        { kind: "timestamp", json: "iso" },
        { kind: "string" },
      ),
      nullable: fc.boolean(),
      optional: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((fields) => ({ fields: fields.map((field, i) => ({ ...field, name: `c${i}` })) }));

/** What a lambda may return for a cell, right or wrong. */
const anyCell: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer(),
  fc.constantFrom(-0, 2 ** 31, 2 ** 53, -(2 ** 53), 8_640_000_000_000_000, 1.5, Number.NaN, Infinity),
  fc.constantFrom(null, undefined, true, false, "", "text", "\ud800", new Date(5), {}, [1]),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
);

test("the generated and the interpreted row writer write and refuse the same", () => {
  const cases = plainSchemas.chain((schema) => {
    const count = schema.fields.length;
    // Sometimes with a column that is not declared, or without one that is.
    const row = fc
      .tuple(fc.array(anyCell, { minLength: count - 1, maxLength: count + 1 }), fc.nat(count))
      .map(([cells, from]) =>
        Object.fromEntries(cells.map((cell, i) => [`c${(from + i) % (count + 1)}`, cell])),
      );
    const right = rowArbitrary(schema);
    return fc.tuple(fc.constant(schema), fc.array(fc.oneof(right, right, row, anyCell), { maxLength: 20 }));
  });
  let written = 0;
  let refused = 0;
  fc.assert(
    fc.property(cases, ([schema, rows]) => {
      const [generated, interpreted] = [true, false].map((generate) => {
        const write = rowWriter(schema, generate);
        const builders = buildersOf(schema);
        const told = rows.map((row) => {
          try {
            write(row, builders);
            return "written";
          } catch (thrown) {
            return String(thrown);
          }
        });
        return { told, columns: builders.map((builder) => builder.take()) };
      });
      expect(generated).toStrictEqual(interpreted);
      const told = generated?.told ?? [];
      const right = told.filter((each) => each === "written").length;
      written += right;
      refused += told.length - right;
    }),
    { numRuns: 500 },
  );
  expect([written > 500, refused > 500]).toEqual([true, true]);
});

test("rows come back from a batch as they were given", () => {
  fc.assert(
    fc.property(batches, (batch) => {
      const rows = rowsOf(batch);
      expect(entriesOf(rowsOf(batchOf(batch.schema, rows)))).toStrictEqual(entriesOf(rows));
    }),
  );
});

test("canonical bytes decode to the values they were made of, in the layout of columns", () => {
  fc.assert(
    fc.property(batches, (batch) => {
      const codec = new CanonicalCodec(batch.schema);
      const builders = buildersOf(batch.schema);
      for (let row = 0; row < batch.length; row++) codec.decode(codec.encode(batch, row), builders);
      const decoded = taken(builders, batch);
      expect(canonical(decoded)).toEqual(canonical(batch));
      for (const column of decoded.columns) {
        if (column.layout !== "long") continue;
        const values: (number | bigint)[] = [...column.values.subarray(0, batch.length)];
        const safe = values.every((value) => Number.isSafeInteger(Number(value)));
        expect(column.values instanceof Float64Array).toBe(safe);
      }
    }),
  );
});

test("canonical bytes compare as the values do, column by column, nulls first", () => {
  fc.assert(
    fc.property(batches, (batch) => {
      const rows = rowsOf(batch);
      const bytes = canonical(batch);
      for (let i = 1; i < batch.length; i++) {
        const expected = compareRows(batch.schema, rows[i - 1], rows[i]);
        expect(Math.sign(compare(bytes[i - 1], bytes[i]))).toBe(expected);
      }
    }),
    { numRuns: 300 },
  );
});

function compareRows(schema: Schema, a: object | undefined, b: object | undefined): number {
  for (const { name, type } of schema.fields) {
    const [x, y] = [a, b].map((row) =>
      comparable(type.kind, Object.getOwnPropertyDescriptor(row, name)?.value),
    );
    const order = x === null || y === null ? Number(y === null) - Number(x === null) : compare(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** A string, number or bigint that sorts as the value does; null for null. */
function comparable(kind: string, value: unknown): string | number | bigint | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (kind === "json") return Buffer.from(JSON.stringify(value)).toString("hex");
  if (typeof value === "bigint") return value;
  // NaN sorts behind +Infinity, and "NaN" stands for nothing else here.
  if (typeof value !== "string") return Number.isNaN(value) ? "NaN" : Number(value);
  if (kind === "decimal") return BigInt(value.replace(".", ""));
  if (kind !== "date") return Buffer.from(value).toString("hex");
  const [, year, month, day] = /^(.\d+)-(\d\d)-(\d\d)$/.exec(value) ?? [];
  return Number(year) * 10_000 + Number(month) * 100 + Number(day);
}

function compare<T>(x: T, y: T): number {
  if (x === "NaN" || y === "NaN") return Number(x === "NaN") - Number(y === "NaN");
  return x === y ? 0 : (x as number) < (y as number) ? -1 : 1;
}

const streams: fc.Arbitrary<Batch[]> = fc
  .record({
    schema: schemaArbitrary,
    change: fc.constantFrom("append", "upsert", "retract"),
    timed: fc.boolean(),
  })
  .chain(({ schema, change, timed }) => {
    const options: BatchArbitraryOptions = { change, timed, rowsMax: 12 };
    return fc.array(batchArbitrary(schema, options), { minLength: 1, maxLength: 6 });
  });

/** All that a frame keeps of each row. */
function contents(of: readonly Batch[]): unknown[] {
  return of.flatMap((batch) =>
    canonical(batch).map((bytes, row) => [bytes, batch.diffs?.[row], batch.times[row], batch.change]),
  );
}

test("frames give back the rows, diffs and times of their batches, for any limit of their bytes", () => {
  fc.assert(
    fc.property(streams, fc.integer({ min: 1, max: 4000 }), (given, bytesMax) => {
      const frames = encodeFrames(given, bytesMax);
      const decoded = frames.flatMap((frame) => {
        // A frame that lies anywhere in a larger buffer, as one read from a database may.
        const padded = Buffer.alloc(frame.length + 3, 0xee);
        padded.set(frame, 3);
        return decodeFrames(padded.subarray(3));
      });
      expect(contents(decoded)).toStrictEqual(contents(given));
      expect(decoded[0]?.schema).toStrictEqual(given[0]?.schema);
      const unit = given[0]?.change === "retract" ? 2 : 1;
      const large = frames.filter((frame) => frame.length > bytesMax);
      expect(large.filter((frame) => rowsIn(frame) > unit)).toEqual([]);
    }),
  );
});

test("joined batches are one batch of all their rows, diffs and times, whoever writes over them afterwards", () => {
  fc.assert(
    fc.property(fc.array(streams, { minLength: 1, maxLength: 3 }), (all) => {
      for (const given of all) {
        const joiner = new BatchJoiner();
        for (const round of [given, given.toReversed()]) {
          for (const batch of round) {
            const mine = copyBatch(batch);
            joiner.add(mine);
            scramble(mine);
          }
          const joined = joiner.take();
          expect(joined?.length).toBe(round.reduce((rows, { length }) => rows + length, 0));
          expect(contents(joined === undefined ? [] : [joined])).toStrictEqual(contents(round));
        }
        expect(joiner.take()).toBeUndefined();
      }
    }),
  );
});

function rowsIn(frame: Uint8Array): number {
  return decodeFrames(frame).reduce((sum, batch) => sum + batch.length, 0);
}

test("a frame never ends between the two halves of an update", () => {
  fc.assert(
    fc.property(streams, fc.integer({ min: 1, max: 2000 }), (given, bytesMax) => {
      const pairs = (all: readonly Batch[]): number =>
        all.reduce((sum, { change, diffs, length }) => {
          let found = 0;
          for (let row = 1; change === "retract" && row < length; row++) {
            if ((diffs?.[row - 1] ?? 1) < 0 && (diffs?.[row] ?? 1) > 0) found++;
          }
          return sum + found;
        }, 0);
      // Joining batches may make more neighbours.
      expect(pairs(encodeFrames(given, bytesMax).flatMap(decodeFrames))).toBeGreaterThanOrEqual(pairs(given));
    }),
  );
});

test("a frame with a changed, missing or added byte is refused as corrupt", () => {
  fc.assert(
    fc.property(streams, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
      const frame = encodeFrames(given)[0] ?? new Uint8Array();
      const changed = frame.slice();
      changed[at % frame.length] = (frame[at % frame.length] ?? 0) ^ change;
      for (const bytes of [
        changed,
        frame.slice(0, at % frame.length),
        Buffer.concat([frame, new Uint8Array(1)]),
      ]) {
        expect(() => decodeFrames(bytes)).toThrow("DF_CORRUPT");
      }
    }),
  );
});
