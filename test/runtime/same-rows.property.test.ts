import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pipeline, t } from "dataflow";
import { csv } from "dataflow/csv";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { lines } from "dataflow/lines";
import { memorySink } from "dataflow/memory";
import { newFolder } from "../command.ts";
import { contentOf, outcomesOf, runInMemory } from "../in-memory.ts";

const Row = t.row({
  name: t.string(),
  note: t.string().nullable(),
  count: t.int64(),
  weight: t.float64(),
  ok: t.bool(),
});
type Row = t.infer<typeof Row>;

/** Text with everything that means something to CSV, to JSON or to neither. */
const text = fc
  .array(
    fc.constantFrom("a", '"', ",", ";", "\n", "\r\n", "'", "\\", " ", "é", "😀", "\u2028", "null", "\u0000"),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(""));
const row: fc.Arbitrary<Row> = fc.record({
  name: text,
  note: fc.option(text),
  count: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  weight: fc.double({ noDefaultInfinity: true, noNaN: true }),
  ok: fc.boolean(),
});

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const csvOf = ({ name, note, count, weight, ok }: Row): string =>
  `${quoted(name)},${note === null ? "" : quoted(note)},${count},${JSON.stringify(weight)},${ok}\n`;
const jsonOf = ({ count, ...others }: Row): string =>
  `${JSON.stringify(others).slice(0, -1)},"count":${count}}\n`;

const CODECS = {
  plain: (content: string) => Buffer.from(content),
  gzip: (content: string) => gzipSync(content),
  zstd: (content: string) => zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
};
const FORMATS = {
  csv: { write: csvOf, head: "name,note,count,weight,ok\n", decode: csv(Row) },
  json: { write: jsonOf, head: "", decode: json(Row) },
};
let names = 0;

/** Content hash and number of rows of what the engine reads in two runs: the second finds that the file has grown. */
async function hashOf(
  format: keyof typeof FORMATS,
  codec: keyof typeof CODECS,
  rows: readonly Row[],
): Promise<unknown> {
  const { write, head, decode } = FORMATS[format];
  const pack = CODECS[codec];
  const folder = newFolder("same-rows");
  const path = join(folder, "input");
  const definition = pipeline("same-rows", (p) => {
    p.from("rows", files({ path, decode })).to("shown", memorySink(`same-rows-${names}`));
  });
  names++;
  const half = Math.ceil(rows.length / 2);
  const options = { stateDirectory: join(folder, "state") };
  writeFileSync(path, pack(head + rows.slice(0, half).map(write).join("")));
  await runInMemory(definition, options);
  appendFileSync(path, pack(rows.slice(half).map(write).join("")));
  const report = await runInMemory(definition, options);
  return [contentOf(report)["shown"], outcomesOf(report, "rows")["passed"]];
}

test("CSV and JSON Lines of the same rows, as they are and compressed, have the same content hash", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 60, maxLength: 120 }), async (rows) => {
      const expected = await hashOf("json", "plain", rows);
      expect(expected).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), rows.length]);
      for (const format of ["csv", "json"] as const) {
        for (const codec of ["plain", "gzip", "zstd"] as const) {
          expect([format, codec, await hashOf(format, codec, rows)]).toEqual([format, codec, expected]);
        }
      }
    }),
    { numRuns: 2 },
  );
});

test("lines of text become rows, of a compressed file too", async () => {
  const path = join(newFolder("lines"), "log.gz");
  writeFileSync(path, gzipSync("GET /\n\nPOST /x\n"));
  const report = await runInMemory(
    pipeline("lines", (p) => {
      p.from("log", files({ path, decode: lines() }))
        .filter((row) => row.line.startsWith("GET"))
        .to("shown", memorySink("lines"));
    }),
  );
  expect(outcomesOf(report, "log.filter")).toMatchObject({ passed: 1, filtered: 2 });
});
