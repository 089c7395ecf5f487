import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json, SplitReader } from "@df/core";
import { t } from "@df/core";
import { csv, json } from "@df/formats";
import { CODECS, compress } from "@df/formats/compression/compress.testing";
import { checkSource } from "@df/testing/check-source";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { files } from "./files.ts";
import type { FilesOptions } from "./files.ts";

const Event = t.row({ id: t.int64(), name: t.string() });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "files-compressed-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(path: string, bytes: string | Uint8Array): string {
  const full = join(directory, path);
  writeFileSync(full, bytes);
  return full;
}

const line = (id: number, name = "n"): string => `${JSON.stringify({ id, name })}\n`;
/** Rows whose text takes some space, also when it is compressed. */
const linesOf = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) =>
    line(from + i, String((from + i) * 2_654_435_761).repeat(i % 7)),
  ).join("");
const upTo = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

interface Reading {
  readonly follow?: boolean;
  readonly position?: Json | undefined;
  readonly options?: Partial<FilesOptions<unknown>>;
}

/** Opens the only file. */
async function opened(
  path: string,
  { follow = false, position, options }: Reading = {},
): Promise<SplitReader> {
  const spec = files({ ...options, path, decode: json(Event) });
  const source = await spec.open({ schema: spec.schema, follow, generate: true, directory });
  const [split] = await source.splits();
  return source.read(split ?? { id: "" }, position);
}

interface Drained {
  readonly ids: number[];
  readonly reasons: string[];
  /** The position behind each poll. */
  readonly positions: Json[];
  readonly error?: string;
}

/** Reads to "end", "idle" or an error. */
async function drained(reader: SplitReader): Promise<Drained> {
  const found: Drained = { ids: [], reasons: [], positions: [] };
  for (;;) {
    try {
      const polled = await reader.poll(4096);
      if (typeof polled === "string") return found;
      const [column] = polled.columns;
      if (column?.layout === "long")
        found.ids.push(...Array.from(column.values.slice(0, polled.length), Number));
      found.reasons.push(...polled.invalid.map(({ reason }) => reason));
      found.positions.push(JSON.parse(JSON.stringify(polled.next)));
    } catch (thrown) {
      return { ...found, error: String(thrown) };
    }
  }
}

async function readOnce(path: string, reading?: Reading): Promise<Drained> {
  const reader = await opened(path, reading);
  try {
    return await drained(reader);
  } finally {
    await reader.close();
  }
}

describe.each(CODECS)("files compressed with %s", (codec) => {
  it("have the same rows, positions and refusals as the content, and resume from every position", async () => {
    const content = `${linesOf(0, 5000)}{"id":\n\n${linesOf(5000, 3000)}${line(8000).trim()}`;
    write("plain.jsonl", content);
    const cuts = [0, 1, 70_000, 70_001, 250_000, content.length];
    const members = cuts
      .map((cut, i) => content.slice(cut, cuts[i + 1]))
      .map((part) => compress(codec, part));
    write("packed.jsonl", Buffer.concat(members));
    const options = { directory, rowsMax: 500 };
    const [plain] = await checkSource(files({ path: "plain.jsonl", decode: json(Event) }), options);
    const [packed] = await checkSource(files({ path: "packed.jsonl", decode: json(Event) }), options);
    expect(plain?.rows.length).toBe(8001);
    expect({ ...packed, id: "" }).toEqual({ ...plain, id: "" });
  });

  it("have the rows of their content, whatever it is and however it is cut into members", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(60_000), fc.constantFrom("\n", "\r\n", "\n \n")), { maxLength: 8 }),
        fc.array(fc.nat(300_000), { maxLength: 4 }),
        async (lines, cuts) => {
          const content = lines.map(([size, end], id) => line(id, "y".repeat(size)).trim() + end).join("");
          const places = [
            0,
            ...cuts.filter((cut) => cut < content.length).toSorted((a, b) => a - b),
            content.length,
          ];
          const members = places.slice(1).map((end, i) => compress(codec, content.slice(places[i], end)));
          const path = write(`run-${run++}.jsonl`, Buffer.concat(members));
          const [found] = await checkSource(files({ path, decode: json(Event) }), { directory });
          expect(found?.rows.map(([id]) => id)).toEqual(upTo(lines.length));
        },
      ),
      { numRuns: 12 },
    );
  });

  it("may be CSV, whose header is read again wherever reading goes on", async () => {
    const rows = upTo(9000).map((id) => `${id},"a\n${id}"\n`);
    write(
      "a.csv",
      Buffer.concat([
        compress(codec, `id,name\n${rows.slice(0, 4000).join("")}`),
        compress(codec, rows.slice(4000).join("")),
      ]),
    );
    const [found] = await checkSource(files({ path: "a.csv", decode: csv(Event) }), {
      directory,
      rowsMax: 700,
    });
    expect(found?.rows.map(([id]) => id)).toEqual(upTo(9000));
  });

  it("are not decompressed again once they are read, as their position says where the next member would begin", async () => {
    const bytes = Buffer.concat([compress(codec, line(0)), compress(codec, line(1))]);
    const { positions } = await readOnce(write("a", bytes));
    const offset = line(0).length + line(1).length;
    expect(positions.at(-1)).toMatchObject({ offset, packed: { from: bytes.length, offset } });
  });

  it("may grow by a member between two runs", async () => {
    const path = write("a", compress(codec, linesOf(0, 3000)));
    const first = await readOnce(path);
    appendFileSync(path, compress(codec, linesOf(3000, 10)));
    const second = await readOnce(path, { position: first.positions.at(-1) });
    expect([...first.ids, ...second.ids]).toEqual(upTo(3010));
    expect((await readOnce(path, { position: second.positions.at(-1) })).ids).toEqual([]);
  });

  it("are waited for while they are followed: for their first bytes, the rest of a member, and more members", async () => {
    const path = write("a", "");
    const reader = await opened(path, { follow: true });
    const one = compress(codec, line(0) + line(1));
    const two = compress(codec, line(2));
    const seen: number[] = [];
    for (const byte of [...one, ...two]) {
      expect(await reader.poll(4096)).toBe("idle");
      appendFileSync(path, Uint8Array.of(byte));
      const { ids, error } = await drained(reader);
      expect(error).toBe(undefined);
      seen.push(...ids);
    }
    expect(seen).toEqual([0, 1, 2]);
    await reader.close();
  });

  it("end with an error where they are cut off, behind all whole records, and go on there once they are whole", async () => {
    const bytes = compress(codec, linesOf(0, 20_000));
    const path = write("a", bytes.subarray(0, bytes.length - 100));
    const first = await readOnce(path);
    expect(first.error).toMatch(/a is cut off: it ends with byte \d+, in the middle .*DF_COMPRESSION/);
    expect(first.ids.length).toBeGreaterThan(10_000);
    expect(first.reasons).toEqual([]);
    write("a", bytes);
    const second = await readOnce(path, { position: first.positions.at(-1) });
    expect([...first.ids, ...second.ids]).toEqual(upTo(20_000));
    expect(second.error).toBe(undefined);
  });

  it("end with an error where they are damaged, which names the file and the place", async () => {
    const bytes = Buffer.concat([compress(codec, linesOf(0, 5000)), compress(codec, linesOf(5000, 5000))]);
    const first = compress(codec, linesOf(0, 5000)).length;
    bytes.fill(0xaa, first + 200, first + 260);
    const path = write("a", bytes);
    const found = await readOnce(path);
    expect(found.error).toContain(`${path}: It cannot be decompressed: the `);
    expect(found.error).toContain(`begins at byte ${first} is damaged`);
    expect(found.error).toMatch(/may be wrong|nothing of this part was read/);
    expect(found.ids.slice(0, 4999)).toEqual(upTo(4999));
  });

  it("are refused where they were replaced, or hold less than was read of them", async () => {
    const path = write("a", compress(codec, linesOf(0, 3000)));
    const { positions } = await readOnce(path);
    const position = positions.at(-1);
    write("a", compress(codec, linesOf(7, 3000)));
    expect((await readOnce(path, { position })).error).toContain("DF_POSITION");
    // The same beginning of the file, and a position further on than its content.
    write("b", compress(codec, linesOf(0, 10)));
    const { positions: short } = await readOnce("b");
    const further = { ...(short.at(-1) as object), offset: 5000, packed: { from: 0, offset: 0 } };
    expect((await readOnce("b", { position: further })).error).toMatch(
      /holds \d+ bytes of content.*DF_POSITION/,
    );
  });

  it("are stopped where they expand too far, with the limit and the name of the file", async () => {
    const path = write("a", compress(codec, Buffer.alloc(70 * 1024 * 1024)));
    const { error } = await readOnce(path);
    expect(error).toMatch(/\/a: Its first \d+ bytes hold more than \d+ bytes .*over 200 times.*DF_EXPANSION/);
    expect((await readOnce(path, { options: { expansionMax: Infinity } })).error).toBe(undefined);
  });

  it("are refused where compression says otherwise, and taken as they are where it says none", async () => {
    const path = write("a", compress(codec, line(0)));
    const other = codec === "gzip" ? "zstd" : "gzip";
    expect((await readOnce(path, { options: { compression: codec } })).ids).toEqual([0]);
    const { error } = await readOnce(path, { options: { compression: other } });
    expect(error).toMatch(/a does not begin as (gzip|zstd) does.*DF_COMPRESSION/);
    const asIs = await readOnce(path, { options: { compression: "none" } });
    expect(asIs.ids).toEqual([]);
    expect(asIs.reasons.length).toBeGreaterThan(0);
    const { positions } = await readOnce(path);
    const changed = await readOnce(path, { position: positions[0], options: { compression: "none" } });
    expect(changed.error).toMatch(/was read as compressed so far.*DF_POSITION/);
  });
});

test.each([
  ["compression", { compression: "brotli" as never }],
  ["expansionMax", { expansionMax: 0 }],
  ["expansionMax", { expansionMax: Number.NaN }],
])("%s of files() is checked: %j", (name, options) => {
  expect(() => files({ path: "a", decode: json(Event), ...options })).toThrow(
    new RegExp(`${name} of files\\(\\) is .*DF_OPTION`),
  );
});

test("a file of zip or xz is refused in words", async () => {
  const path = write("a.zip", Buffer.from("PK\x03\x04 and so on"));
  expect((await readOnce(path)).error).toMatch(/a\.zip: It is compressed with zip.*DF_COMPRESSION/);
});
