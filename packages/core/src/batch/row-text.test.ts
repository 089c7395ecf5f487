import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import { rowText } from "./row-text.ts";
import { batchOf } from "./rows.ts";

test("a row is shown as JSON, also one whose integer is too large for the number it is declared as", () => {
  const declared = t.row({ n: t.int(), at: t.timestamp(), raw: t.bytes(), tag: t.json().nullable() });
  const stored = t.row({ n: t.int64(), at: t.timestamp(), raw: t.bytes(), tag: t.json().nullable() });
  const row = { n: 2n ** 60n, at: 1.5, raw: Uint8Array.of(1), tag: null };
  const batch = { ...batchOf(stored.schema, [row]), schema: declared.schema };
  expect(rowText(batch, 0)).toBe('{"n":"1152921504606846976","at":1.5,"raw":"AQ==","tag":null}');
});
