/** The keys that a state table is measured with. */
import { BATCH_ROWS_MAX, t, type Keys, type Schema } from "@df/core";
import { batchOf } from "@df/core/batch/rows";

/** What a key is. */
export type Kind = "int64" | "text";

/** The only column of the key. */
export function schemaOfKey(kind: Kind): Schema {
  return t.row({ id: kind === "int64" ? t.int() : t.string() }).schema;
}

/** Key number `n`: a number, or a text of 24 bytes. */
export function keyNumber(kind: Kind, n: number): number | string {
  return kind === "int64" ? n : `key-${n}`.padEnd(24, "-");
}

/** So many keys as batches; `numberAt` gives the number of each. */
export function keysOf(kind: Kind, count: number, numberAt: (i: number) => number): readonly Keys[] {
  const schema = schemaOfKey(kind);
  return Array.from({ length: Math.ceil(count / BATCH_ROWS_MAX) }, (_, nth) => {
    const from = nth * BATCH_ROWS_MAX;
    const length = Math.min(BATCH_ROWS_MAX, count - from);
    const rows = Array.from({ length }, (__, i) => ({ id: keyNumber(kind, numberAt(from + i)) }));
    return { batch: batchOf(schema, rows), columns: [0], rows: Int32Array.from(rows.keys()), count: length };
  });
}

/** Numbers below a limit that look random: the same in every run. */
export function scattered(limit: number): (i: number) => number {
  return (i) => {
    const value = Math.imul(i ^ (i >>> 15), 0x2c1b3c6d);
    return ((value ^ (value >>> 12)) >>> 0) % limit;
  };
}
