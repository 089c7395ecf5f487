import type { Batch } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { openBatch, packBatch } from "@df/core/runtime/batch-parcel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchArbitrary, schemaArbitrary } from "./arbitraries.ts";

const RECORDS = Buffer.from("the first record|another one, longer|");

/** The same batch, with where its rows were read. */
function read(batch: Batch, hasRaw: boolean): Batch {
  const { length } = batch;
  const raw = {
    bytes: RECORDS,
    starts: Int32Array.from({ length }, (_, row) => (row % 2 === 0 ? 17 : 0)),
    ends: Int32Array.from({ length }, (_, row) => (row % 2 === 0 ? 36 : 16)),
  };
  const positions = Float64Array.from({ length: length + 1 }, (_, row) => 2 ** 40 + row);
  return { ...batch, origin: { source: "s", split: "a", positions, raw: hasRaw ? raw : undefined } };
}

/** All that a batch says, whatever its arrays are. */
function contentOf(batch: Batch): unknown {
  const { length, schema, change, diffs, times, clocks, origin } = batch;
  const codec = new CanonicalCodec(schema);
  const rows = Array.from({ length }, (_, row) => row);
  const raw = origin?.raw;
  return {
    rows: rows.map((row) => Buffer.from(codec.encode(batch, row)).toString("hex")),
    kinds: batch.columns.map(({ layout, validity }) => [layout, validity !== undefined]),
    change,
    diffs: diffs && rows.map((row) => diffs[row]),
    times: rows.map((row) => times[row]),
    clocks: typeof clocks === "number" ? clocks : rows.map((row) => clocks[row]),
    from: origin && [origin.source, origin.split, ...rows.map((row) => origin.positions[row])],
    records:
      raw && rows.map((row) => Buffer.from(raw.bytes.subarray(raw.starts[row], raw.ends[row])).toString()),
  };
}

const batches = schemaArbitrary.chain((schema) =>
  fc.array(
    fc
      .record({
        batch: fc.oneof(
          batchArbitrary(schema, { rowsMax: 40 }),
          batchArbitrary(schema, { change: "retract" }),
        ),
        origin: fc.constantFrom("none", "places", "records"),
        clocked: fc.boolean(),
      })
      .map(({ batch, origin, clocked }) => {
        const clocks = clocked
          ? Float64Array.from({ length: batch.length }, (_, row) => row * 1e6)
          : -Infinity;
        const own = { ...batch, clocks };
        return origin === "none" ? own : read(own, origin === "records");
      }),
    { minLength: 1, maxLength: 4 },
  ),
);

test("a batch that goes to another thread says there what it said here, in memory that is used again", () => {
  fc.assert(
    fc.property(batches, (all) => {
      let spare: ArrayBuffer | undefined;
      for (const batch of all) {
        const { buffer, ...rest } = packBatch(batch, spare);
        // As it goes over: what is carried is moved, the rest is cloned.
        const there = structuredClone({ buffer, ...rest }, { transfer: [buffer] });
        expect(contentOf(openBatch(there, batch.schema))).toEqual(contentOf(batch));
        spare = there.buffer;
        new Uint8Array(spare).fill(0xee);
      }
    }),
  );
});
