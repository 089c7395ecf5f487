import { t } from "@df/core";
import type { Batch } from "@df/core";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import type { FileMetaData } from "hyparquet";
import { afterAll, describe, expect, test } from "vitest";
import { rawBatch } from "../raw-batch.testing.ts";
import type { RawCell } from "../raw-batch.testing.ts";
import type { ParquetFile } from "./encoder.ts";
import { parquetEncoder } from "./worker-encoder.ts";

function bufferOf(file: ParquetFile): ArrayBuffer {
  const copy = new Uint8Array(file.bytes);
  return copy.buffer;
}

/** The rows as the format stores them: logical types taken off, so that nothing goes through a double or a Date. */
async function stored(file: ParquetFile): Promise<Record<string, unknown>[]> {
  const buffer = bufferOf(file);
  const metadata = parquetMetadata(buffer);
  const plain: FileMetaData = {
    ...metadata,
    schema: metadata.schema.map(({ name, type, repetition_type, num_children }) => ({
      name,
      ...(type && { type }),
      ...(repetition_type && { repetition_type }),
      ...(num_children === undefined ? {} : { num_children }),
    })),
  };
  return parquetReadObjects({ file: buffer, metadata: plain, utf8: false });
}

const text = (value: unknown): unknown =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
const encoder = parquetEncoder();
afterAll(() => encoder.close());

describe("a Parquet file from columns", () => {
  test("declares each type in both notations, and OPTIONAL exactly where it is nullable", async () => {
    const row = t.row({
      flag: t.bool(),
      small: t.int32().nullable(),
      large: t.int64(),
      real: t.float64().optional(),
      price: t.decimal(9, 2),
      name: t.string(),
      raw: t.bytes().nullable(),
      at: t.timestamp(),
      day: t.date(),
      extra: t.json(),
    });
    const { bytes } = await encoder.encode(row.schema, []);
    const { schema, num_rows } = parquetMetadata(new Uint8Array(bytes).buffer);
    expect(num_rows).toBe(0n);
    expect(schema.slice(1)).toMatchObject([
      { name: "flag", type: "BOOLEAN", repetition_type: "REQUIRED" },
      { name: "small", type: "INT32", repetition_type: "OPTIONAL" },
      { name: "large", type: "INT64", repetition_type: "REQUIRED" },
      { name: "real", type: "DOUBLE", repetition_type: "OPTIONAL" },
      {
        name: "price",
        type: "INT64",
        converted_type: "DECIMAL",
        precision: 9,
        scale: 2,
        logical_type: { type: "DECIMAL", precision: 9, scale: 2 },
      },
      { name: "name", type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
      { name: "raw", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
      {
        name: "at",
        type: "INT64",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
      },
      { name: "day", type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } },
      { name: "extra", type: "BYTE_ARRAY", converted_type: "UTF8" },
    ]);
  });

  test("reads back equal at the extremes of every type, null and not", async () => {
    const row = t.row({
      flag: t.bool().nullable(),
      small: t.int32().nullable(),
      large: t.int64().nullable(),
      real: t.float64().nullable(),
      price: t.decimal(18, 4).nullable(),
      name: t.string().nullable(),
      raw: t.bytes().nullable(),
      at: t.timestamp().nullable(),
      day: t.date().nullable(),
      extra: t.json().nullable(),
    });
    const rows: readonly (readonly RawCell[])[] = [
      [
        1,
        2147483647,
        2n ** 63n - 1n,
        -0,
        999_999_999_999_999_999n,
        "𐀀\uffff",
        Uint8Array.of(0, 255),
        1e15,
        0,
        "{}",
      ],
      [
        0,
        -2147483648,
        -(2n ** 63n),
        Number.NaN,
        -999_999_999_999_999_999n,
        "",
        new Uint8Array(),
        -(2 ** 53) + 1,
        -1,
        '{"a":[1]}',
      ],
      [null, null, null, null, null, null, null, null, null, null],
      [
        1,
        0,
        2n ** 53n + 1n,
        Number.POSITIVE_INFINITY,
        0n,
        "\0é",
        Uint8Array.of(128),
        2 ** 53 - 1,
        2147483647,
        "null",
      ],
    ];
    const file = await encoder.encode(row.schema, [
      rawBatch(row.schema, rows.slice(0, 1)),
      rawBatch(row.schema, rows.slice(1)),
    ]);
    expect(file.rows).toBe(4);
    const expected = rows.map((cells) =>
      cells.map((cell, i) => {
        if (cell === null) return null;
        if (i === 0) return cell === 1;
        return i === 7 ? BigInt(Number(cell)) : cell;
      }),
    );
    const read = (await stored(file)).map((object) =>
      Object.entries(object).map(([name, value]) =>
        name === "name" || name === "extra" ? text(value) : value,
      ),
    );
    // toEqual tells −0 from 0.
    expect(read).toEqual(expected);
  });

  test("keeps many rows in order over several row groups, wide and narrow batches mixed", async () => {
    const row = t.row({ id: t.int64(), name: t.string().nullable(), real: t.float64() });
    const batches: Batch[] = [];
    const count = 130_000;
    for (let start = 0; start < count; start += 4096) {
      const length = Math.min(4096, count - start);
      batches.push(
        rawBatch(
          row.schema,
          Array.from({ length }, (_, i) => {
            const id = start + i;
            return [
              id === 5000 ? 2n ** 60n : id,
              id % 3 === 0 ? null : `n${id % 50}`,
              id % 7 === 0 ? -0 : id / 3,
            ];
          }),
        ),
      );
    }
    const file = await encoder.encode(row.schema, batches);
    expect(parquetMetadata(bufferOf(file)).row_groups.map(({ num_rows }) => num_rows)).toEqual([
      122_880n,
      7_120n,
    ]);
    const read = await stored(file);
    expect(read).toHaveLength(count);
    const wrong = read.findIndex(
      ({ id, name, real }, i) =>
        id !== (i === 5000 ? 2n ** 60n : BigInt(i)) ||
        text(name) !== (i % 3 === 0 ? null : `n${i % 50}`) ||
        !Object.is(real, i % 7 === 0 ? -0 : i / 3),
    );
    expect(wrong).toBe(-1);
    expect(file.statistics).toEqual([
      { name: "id", nullCount: 0, min: 0n, max: 2n ** 60n },
      { name: "name", nullCount: 43_334, min: "n0", max: "n9" },
      { name: "real", nullCount: 0, min: 0, max: 129_999 / 3 },
    ]);
  });

  test("holds only the columns of its schema, in its order, found by name", async () => {
    const wide = t.row({ a: t.int32(), b: t.string(), c: t.int32() });
    const narrow = t.row({ c: t.int32(), a: t.int32() });
    const file = await encoder.encode(narrow.schema, [rawBatch(wide.schema, [[1, "x", 2]])]);
    expect(await stored(file)).toEqual([{ c: 2, a: 1 }]);
    expect(file.statistics.map(({ name }) => name)).toEqual(["c", "a"]);
  });

  test("leaves the batches it was given as they were", async () => {
    const row = t.row({ a: t.int32(), b: t.string() });
    const given = rawBatch(row.schema, [[1, "x"]]);
    await encoder.encode(row.schema, [given]);
    expect(given.columns[0]).toMatchObject({ values: expect.objectContaining({ 0: 1 }) });
    expect(given.columns[1]?.layout === "text" && given.columns[1].bytes[0]).toBe(120);
  });

  test("keeps concurrent files apart", async () => {
    const row = t.row({ a: t.int32() });
    const files = await Promise.all(
      [1, 2, 3].map((value) => encoder.encode(row.schema, [rawBatch(row.schema, [[value]])])),
    );
    expect(await Promise.all(files.map(stored))).toEqual([[{ a: 1 }], [{ a: 2 }], [{ a: 3 }]]);
  });
});

describe("what an encoder refuses", () => {
  test("a null in a column that is not nullable, with its row", async () => {
    const row = t.row({ a: t.int32() });
    const encoding = encoder.encode(row.schema, [
      rawBatch(row.schema, [[1]]),
      rawBatch(row.schema, [[2], [null]]),
    ]);
    await expect(encoding).rejects.toThrow(/"a" is not nullable but row 2 .*\[DF_PARQUET\]/);
  });

  test("a column that the batches do not have", async () => {
    const encoding = encoder.encode(t.row({ z: t.int32() }).schema, [
      rawBatch(t.row({ a: t.int32() }).schema, [[1]]),
    ]);
    await expect(encoding).rejects.toMatchObject({ code: "DF_NO_COLUMN" });
  });

  test("a value the format cannot hold is an error of that file only", async () => {
    const row = t.row({ at: t.timestamp() });
    const encoding = encoder.encode(row.schema, [rawBatch(row.schema, [[0.5]])]);
    await expect(encoding).rejects.toMatchObject({ code: "DF_PARQUET" });
    expect((await encoder.encode(row.schema, [rawBatch(row.schema, [[1]])])).rows).toBe(1);
  });

  test("anything once it is closed, and what was under way", async () => {
    const own = parquetEncoder();
    const row = t.row({ a: t.int32() });
    const underWay = own.encode(row.schema, [rawBatch(row.schema, [[1]])]);
    const [outcome] = await Promise.allSettled([underWay, own.close()]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "DF_CLOSED" } });
    await expect(own.encode(row.schema, [])).rejects.toMatchObject({ code: "DF_CLOSED" });
    await own.close();
  });
});

test("a file has no bounds for doubles with a NaN among them, since readers differ on where NaN stands", async () => {
  const Doubles = t.row({ f: t.float64() });
  const boundsOf = async (...values: number[]): Promise<unknown> => {
    const file = await encoder.encode(Doubles.schema, [
      rawBatch(
        Doubles.schema,
        values.map((value) => [value]),
      ),
    ]);
    const statistics = parquetMetadata(bufferOf(file)).row_groups[0]?.columns[0]?.meta_data?.statistics;
    return [statistics?.min_value, statistics?.max_value];
  };
  expect(await boundsOf(1, 2)).toEqual([1, 2]);
  expect(await boundsOf(1, Number.NaN, 2)).toEqual([undefined, undefined]);
});
