import fc from "fast-check";
import { expect, test } from "vitest";
import { CanonicalCodec } from "../batch/canonical.ts";
import { batchOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import { shardOf } from "../stream.ts";
import { KeyShards } from "./key-shards.ts";

const Row = t.row({
  int: t.int(),
  double: t.float64(),
  text: t.string(),
  maybe: t.int().nullable(),
});
const row = fc.record({
  int: fc.maxSafeInteger(),
  double: fc.oneof(fc.constantFrom(0, -0, Number.NaN, 0.25, 0.5), fc.double()),
  text: fc.string({ maxLength: 3 }),
  maybe: fc.option(fc.integer({ min: 0, max: 3 })),
});
const keys = [["int"], ["double"], ["text"], ["maybe"], ["int", "text"]] as const;

test("each row goes to the shard of its key's canonical bytes, batch after batch", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(row, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 128 }),
      fc.constantFrom(...keys),
      (batches, shards, key) => {
        const keyShards = new KeyShards(Row.schema, key, shards);
        const columns = key.map((name) => Row.schema.fields.findIndex((field) => field.name === name));
        const codec = new CanonicalCodec(Row.schema, columns);
        for (const rows of batches) {
          const batch = batchOf(Row.schema, rows);
          const out = new Uint8Array(rows.length);
          keyShards.write(batch, out);
          expect([...out]).toEqual(rows.map((_, at) => shardOf(codec.keyGroup(batch, at), shards)));
        }
      },
    ),
  );
});
