import type { Batch, Column, Polled } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { openParcel, packParcel, type Parcel } from "@df/core/runtime/parcel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchArbitrary, schemaArbitrary } from "./arbitraries.ts";

const RECORD = {
  bytes: Buffer.from("…the first record|another one, longer|…"),
  starts: [21, 5],
  ends: [40, 20],
};

/** A batch as what a poll has found. */
function polledOf({ length, columns, diffs }: Batch, hasRaw: boolean): Polled {
  return {
    length,
    columns,
    diffs,
    positions: Float64Array.from({ length: length + 1 }, (_, row) => 2 ** 40 + row),
    raw: hasRaw
      ? {
          bytes: RECORD.bytes,
          starts: Int32Array.from({ length }, (_, row) => RECORD.starts[row % 2] ?? 0),
          ends: Int32Array.from({ length }, (_, row) => RECORD.ends[row % 2] ?? 0),
        }
      : undefined,
    invalid: [{ position: 7, raw: Uint8Array.of(0x7d, 0x7b), reason: "no record" }],
    next: { offset: length },
  };
}

const polls = schemaArbitrary.chain((schema) =>
  fc.array(
    fc
      .record({
        batch: fc.oneof(
          batchArbitrary(schema, { rowsMax: 40 }),
          batchArbitrary(schema, { change: "retract" }),
          // A poll may find nothing but records that are none.
          batchArbitrary(schema).map((batch) => ({ ...batch, length: 0 })),
        ),
        hasRaw: fc.boolean(),
      })
      .map(({ batch, hasRaw }) => ({ batch, polled: polledOf(batch, hasRaw) })),
    { minLength: 1, maxLength: 4 },
  ),
);

/** Rows, and what else a poll has of them. */
function contentOf(batch: Batch, { length, columns, diffs, positions, raw, invalid, next }: Polled): unknown {
  const codec = new CanonicalCodec(batch.schema);
  const rows = Array.from({ length }, (_, row) =>
    Buffer.from(codec.encode({ ...batch, length, columns, diffs }, row)).toString("hex"),
  );
  const records =
    raw && rows.map((_, row) => Buffer.from(raw.bytes.subarray(raw.starts[row], raw.ends[row])).toString());
  const kinds = columns.map((column) => kindOf(column));
  return {
    rows,
    records,
    kinds,
    diffs: diffs && [...diffs.subarray(0, length)],
    invalid,
    next,
    positions: [...positions.subarray(0, length)],
  };
}

/** The class of a column's array: long columns are wide or narrow by their values. */
function kindOf(column: Column): string {
  return `${column.layout} ${column.layout === "text" ? "" : column.values.constructor.name}`;
}

test("what a poll has found is the same out of a parcel, also in memory that was used before", () => {
  fc.assert(
    fc.property(polls, (all) => {
      let spare: ArrayBuffer | undefined;
      for (const { batch, polled } of all) {
        const expected = contentOf(batch, polled);
        const parcel: Parcel = structuredClone(packParcel(polled, spare));
        expect(contentOf(batch, openParcel(parcel, batch.schema))).toEqual(expected);
        // What was there before is not looked at.
        new Uint8Array(parcel.buffer).fill(0xab);
        spare = parcel.buffer;
      }
    }),
  );
});

test("memory is used again where it fits, and not kept where it is far too large", () => {
  const bytes = Buffer.from("x".repeat(100));
  const polled = (length: number): Polled => ({
    length,
    columns: [
      { layout: "text", bytes, starts: new Int32Array(length), ends: new Int32Array(length).fill(100) },
    ],
    positions: new Float64Array(length),
    invalid: [],
    next: 0,
  });
  const { buffer } = packParcel(polled(1000));
  expect(packParcel(polled(1100), buffer).buffer).toBe(buffer);
  expect(packParcel(polled(300), buffer).buffer).toBe(buffer);
  expect(packParcel(polled(2000), buffer).buffer.byteLength).toBeGreaterThan(buffer.byteLength);
  expect(packParcel(polled(50), buffer).buffer.byteLength).toBeLessThan(buffer.byteLength / 8);
});
