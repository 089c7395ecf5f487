import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t, type Decodes, type SourceSpec } from "@df/core";
import { DecodePool } from "@df/core/runtime/decode-pool";
import { csv, json, lines, type LineDecoder } from "@df/formats";
import { CODECS, compress } from "@df/formats/compression/compress.testing";
import { checkSource } from "@df/testing/check-source";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { files } from "./files.ts";

const Row = t.row({ a: t.string(), n: t.int64().nullable(), at: t.timestamp().optional() });
const directory = mkdtempSync(join(tmpdir(), "files-elsewhere-"));
const pool = new DecodePool(2);
afterAll(async () => {
  await pool.close();
  rmSync(directory, { recursive: true });
});

/** The source with splits that are read on another thread. */
function elsewhere(spec: SourceSpec): SourceSpec {
  return {
    ...spec,
    open: async (context) => {
      const source = await spec.open(context);
      const remote = pool.source(source, context.schema);
      expect(remote).not.toBe(source);
      return remote;
    },
  };
}

const decoders: readonly (readonly [string, () => LineDecoder & Decodes<unknown>])[] = [
  ["csv", () => csv(Row, { header: false, recordBytesMax: 60 })],
  ["json", () => json(Row, { recordBytesMax: 60 })],
  ["lines", () => lines({ recordBytesMax: 60 })],
];

/** Records of both formats, good and bad, with escapes, quotes, numbers beyond 2^53, and what is no UTF-8. */
const content = fc
  .array(
    fc.oneof(
      fc
        .constantFrom(
          '{"a":"x","n":1}\n',
          '{"a":"\\u00e9\\n","n":null,"at":"2026-05-01T08:00:00Z"}\r\n',
          '{"n":9007199254740993,"a":""}\n',
          '{"a":7}\n',
          "x,1,\n",
          '"y\n""z",9007199254740993,2026-05-01T08:00:00Z\n',
          "\n",
          "z".repeat(70),
          '"',
        )
        .map((text) => Buffer.from(text)),
      fc.constantFrom([0xff], [0xc3]).map((some) => Buffer.from(some)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat([Buffer.from("a,1,\n"), ...parts]));

test.each(decoders)(
  "files of %s are read on another thread as on this one, from every position on, compressed or not",
  async (_, decode) => {
    const reads = fc.record({
      bytes: content,
      codec: fc.constantFrom("none", ...CODECS),
      rowsMax: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(reads, async ({ bytes, codec, rowsMax }) => {
        writeFileSync(join(directory, "a"), codec === "none" ? bytes : compress(codec, bytes));
        writeFileSync(join(directory, "b"), bytes.subarray(0, bytes.length / 2));
        const spec = files({ path: "{a,b}", decode: decode() });
        const here = await checkSource(spec, { directory, rowsMax });
        expect(await checkSource(elsewhere(spec), { directory, rowsMax })).toEqual(here);
      }),
      { numRuns: 25 },
    );
  },
);
