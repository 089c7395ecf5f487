import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t } from "@df/core";
import type { Decodes } from "@df/core";
import { csv, json, lines } from "@df/formats";
import type { LineDecoder } from "@df/formats";
import { CODECS, compress } from "@df/formats/compression/compress.testing";
import { checkSource } from "@df/testing/check-source";
import type { SplitRows } from "@df/testing/check-source";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { files } from "./files.ts";

const Row = t.row({ a: t.string(), n: t.int64().nullable() });
const LIMIT = { recordBytesMax: 30 };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "files-hostile-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Bytes in which all that has a meaning is frequent, and so is what is no UTF-8. */
const bytes = fc
  .array(
    fc.oneof(
      fc
        .constantFrom('"', ",", "\n", "\r", "\r\n", "{", "}", ":", "a", "1", "\0", " ", "é", "\uFEFF")
        .map((text) => Buffer.from(text)),
      fc
        .constantFrom('{"a":"x","n":1}\n', '{"n":null,"a":""}\r\n', "x,1\n", '"y\n",\n')
        .map((text) => Buffer.from(text)),
      fc.constantFrom([0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf0, 0x9f]).map((some) => Buffer.from(some)),
      fc
        .record({ length: fc.nat(80), of: fc.constantFrom("z", " ") })
        .map(({ length, of }) => Buffer.alloc(length, of)),
    ),
    { maxLength: 25 },
  )
  // The first bytes would say that the file is compressed.
  .map((parts) => Buffer.concat([Buffer.from("x"), ...parts]));

async function found(
  name: string,
  content: Uint8Array,
  decode: LineDecoder & Decodes<unknown>,
  rowsMax = 3,
): Promise<SplitRows> {
  writeFileSync(join(directory, name), content);
  const [split] = await checkSource(files({ path: name, decode }), { directory, rowsMax });
  return { ...(split as SplitRows), id: "" };
}

const decoders: readonly (readonly [string, () => LineDecoder & Decodes<unknown>])[] = [
  ["csv", () => csv(Row, { ...LIMIT, header: false })],
  ["json", () => json(Row, LIMIT)],
  ["lines", () => lines(LIMIT)],
];

test.each(decoders)(
  "any bytes read as %s are rows and refusals, from every position on and from compressed files",
  async (_, decode) => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(), async (content, at) => {
        const plain = await found("plain", content, decode());
        const cut = at % (content.length + 1);
        for (const codec of CODECS) {
          const members = [content.subarray(0, cut), content.subarray(cut)].map((part) =>
            compress(codec, part),
          );
          expect(await found("packed", Buffer.concat(members), decode())).toEqual(plain);
        }
      }),
      { numRuns: 40 },
    );
  },
);

/** Bytes of the first read of a file, and of each one that goes on from a position. */
const FIRST_BYTES = 16 * 1024;

/** Lines of so many bytes in all, each a record of CSV. */
function linesOf(size: number): Buffer {
  const all = Buffer.alloc(size, `${"z".repeat(26)},1\n`);
  if (size > 0) all[size - 1] = 0x0a;
  return all;
}

test.each(decoders)(
  "any bytes of %s that lie across the end of a read are told with the same words as where one read has all of them",
  async (_, decode) => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(), async (content, at) => {
        const before = FIRST_BYTES - (at % (content.length + 1));
        await found("across", Buffer.concat([linesOf(before), content]), decode(), 200);
      }),
      { numRuns: 40 },
    );
  },
);

test("each line of any bytes is a row or a refusal, in its place", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (content) => {
      const { rows, positions, invalid } = await found("plain", content, lines({ recordBytesMax: 10_000 }));
      const told = [
        ...rows.map(([text], i) => ({ position: positions[i] as number, hex: String(text) })),
        ...invalid.map(({ position, raw }) => ({ position, hex: raw })),
      ].toSorted((a, b) => a.position - b.position);
      let at = 0;
      const expected = content
        .toString("latin1")
        .split("\n")
        .map((line) => {
          const position = at;
          at += line.length + 1;
          return { position, hex: Buffer.from(line.replace(/\r$/, ""), "latin1").toString("hex") };
        })
        .filter(({ position }) => position < content.length);
      expect(told).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
