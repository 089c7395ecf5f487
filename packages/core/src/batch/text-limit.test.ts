import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import { ColumnBuilder } from "./builder.ts";
import { copyRows } from "./copy.ts";
import { batchOf } from "./rows.ts";

test("text beyond 2 GiB in one column of a batch is refused, instead of read from other places", () => {
  const { schema } = t.row({ document: t.string() });
  const one = batchOf(schema, [{ document: "x".repeat(1024 * 1024) }]);
  // A join hands on one long text with each of its partners.
  expect(() => copyRows(one, new Int32Array(2048), 2048)).toThrow(
    /2147483648 bytes in one batch.*DF_BATCH_BYTES/,
  );
  const builder = new ColumnBuilder({ kind: "bytes" });
  expect(() => builder.text(new Uint8Array(0), 0, 2 ** 31)).toThrow("DF_BATCH_BYTES");
});
