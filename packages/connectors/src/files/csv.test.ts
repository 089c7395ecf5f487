import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json, Polled, SplitReader } from "@df/core";
import { t } from "@df/core";
import { csv } from "@df/formats";
import type { CsvOptions } from "@df/formats";
import { checkSource } from "@df/testing/check-source";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { files } from "./files.ts";

const Event = t.row({ id: t.int64(), name: t.string() });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "files-csv-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(path: string, text: string | Uint8Array): string {
  const full = join(directory, path);
  writeFileSync(full, text);
  return full;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

interface Drained {
  readonly rows: readonly (readonly [number, string])[];
  readonly reasons: readonly string[];
  readonly raws: readonly string[];
  /** The position behind each poll. */
  readonly positions: readonly Json[];
}

/** Reads to "end" or "idle". */
async function drained(reader: SplitReader, rowsMax = 4096): Promise<Drained> {
  const rows: (readonly [number, string])[] = [];
  const reasons: string[] = [];
  const raws: string[] = [];
  const positions: Json[] = [];
  for (;;) {
    const polled: Polled | string = await reader.poll(rowsMax);
    if (typeof polled === "string") return { rows, reasons, raws, positions };
    const [id, name] = polled.columns;
    if (id?.layout !== "long" || name?.layout !== "text") throw new Error("other columns");
    for (let row = 0; row < polled.length; row++) {
      const text = Buffer.from(name.bytes.subarray(name.starts[row], name.ends[row])).toString();
      rows.push([Number(id.values[row]), text]);
    }
    reasons.push(...polled.invalid.map(({ reason }) => reason));
    raws.push(...polled.invalid.map(({ raw }) => Buffer.from(raw).toString()));
    positions.push(JSON.parse(JSON.stringify(polled.next)));
  }
}

interface ReadOptions extends CsvOptions {
  readonly position?: Json | undefined;
  readonly rowsMax?: number | undefined;
}

async function readOnce(path: string, options: ReadOptions = {}): Promise<Drained> {
  const { position, rowsMax, ...rest } = options;
  const spec = files({ path, decode: csv(Event, rest) });
  const source = await spec.open({ schema: spec.schema, follow: false, generate: true, directory });
  const [split] = await source.splits();
  if (split === undefined) throw new Error("no split");
  try {
    return await drained(source.read(split, position), rowsMax);
  } finally {
    await source.close();
  }
}

async function following(path: string, position?: Json): Promise<SplitReader> {
  const spec = files({ path, decode: csv(Event) });
  const source = await spec.open({ schema: spec.schema, follow: true, generate: true, directory });
  const [split] = await source.splits();
  if (split === undefined) throw new Error("no split");
  return source.read(split, position);
}

describe("reading", () => {
  it("resumes from every position with exactly the remaining rows, and knows the header there", async () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, id) => `${quoted(`né\n"${"x,".repeat(id % 30)}`)},x,${id}\r\n`,
    );
    write("a.csv", `name,other,id\r\n${rows.join("")}`);
    write("b.csv", `\uFEFF\n\nid,name\n1,"a\n\nbad\n2,"a"x\n3,c`);
    write("empty.csv", "");
    write("header.csv", "id,name");
    const spec = files({ path: "*.csv", decode: csv(Event) });
    const found = await checkSource(spec, { directory });
    expect(found.map(({ rows: { length } }) => length)).toEqual([20_000, 1, 0, 0]);
    expect(found[0]?.rows[19_999]?.[0]).toBe(19_999);
    expect(found[1]?.invalid).toMatchObject([{ position: 13 }]);
  });

  it("resumes from every single record, whatever it holds", async () => {
    const lines = ["id,x,name", '1,,"a\n1,,b\n"', "bad", "2,,b", "", '3,"\n",c', '4,"x"y,z', "x,,d", "5,,e"];
    const path = write("a.csv", lines.join("\n"));
    const whole = await readOnce(path, { rowsMax: 1 });
    expect(whole.rows).toEqual([
      [1, "a\n1,,b\n"],
      [2, "b"],
      [3, "c"],
      [5, "e"],
    ]);
    expect(whole.raws).toEqual(["bad", '4,"x"y,z', "x,,d"]);
    expect(whole.positions.length).toBe(7);
    for (const [i, position] of whole.positions.entries()) {
      const rest = await readOnce(path, { position, rowsMax: 1 });
      expect(rest.positions).toEqual(whole.positions.slice(i + 1));
      expect([...rest.rows, ...rest.raws].length).toBe(6 - i);
      expect(whole.rows.slice(whole.rows.length - rest.rows.length)).toEqual(rest.rows);
      expect(whole.raws.slice(whole.raws.length - rest.raws.length)).toEqual(rest.raws);
    }
  });

  it("delivers all rows in any layout of lines, and resumes anywhere", async () => {
    let run = 0;
    const size = fc.oneof(fc.nat(9), fc.nat(90_000));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(size, fc.constantFrom("\n", "\r\n", "\n\n")), { maxLength: 15 }),
        fc.boolean(),
        async (lines, isEnded) => {
          const texts = lines.map(([length, end], id) => `${quoted('\n"'.repeat(length / 2))},${id}${end}`);
          if (!isEnded && texts.length > 0) texts.push(texts.pop()?.trimEnd() ?? "");
          const path = write(`run-${run++}.csv`, `name,id\n${texts.join("")}`);
          const [found] = await checkSource(files({ path, decode: csv(Event) }), { directory, rowsMax: 3 });
          expect(found?.rows.map(([id]) => id)).toEqual(lines.map((_, id) => id));
          expect(found?.invalid).toEqual([]);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("reads a header that is longer than a chunk, and resumes behind it", async () => {
    const others = Array.from({ length: 60_000 }, (_, i) => `column_${i}`);
    const row = (id: number): string => `${id},${"x,".repeat(others.length)}n${id}\n`;
    const path = write("a.csv", `id,${others.join(",")},name\n${row(1)}${row(2)}${row(3)}`);
    const { rows, positions } = await readOnce(path, { rowsMax: 1 });
    expect(rows.map(([id]) => id)).toEqual([1, 2, 3]);
    expect((await readOnce(path, { position: positions[1] })).rows).toEqual([[3, "n3"]]);
  });

  it("reads files without a header by the order of the columns", async () => {
    const path = write("a.csv", "\uFEFF1,a\n2,b\n");
    expect((await readOnce(path, { header: false })).rows).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
    expect((await readOnce(write("b.csv", "7"), { header: false })).raws).toEqual(["7"]);
    expect((await readOnce(write("c.csv", Uint8Array.of(0xef, 0xbb)), { header: false })).reasons).toEqual([
      "The record is no UTF-8",
    ]);
  });

  it("names the file whose header does not fit, and shows the header", async () => {
    const path = write("orders.csv", "Id;name\n1;a\n");
    const read = readOnce(path, { delimiter: ";" });
    await expect(read).rejects.toThrow(`${path}: The header has no column "id": Id;name.`);
    await expect(read).rejects.toThrow("DF_CSV_HEADER");
    await expect(readOnce(write("b.csv", "id"))).rejects.toThrow('no column "name"');
    await expect(readOnce(write("c.csv", 'id,"name\n1,a\n2,b\n'))).rejects.toThrow("never closed");
  });

  it("passes over a record that is too long to its end, also if that is quoted, and resumes in between", async () => {
    const long = `2,${quoted('x\n7,"y"\n'.repeat(100_000))}`;
    const path = write("a.csv", `id,name\n1,a\n${long}\n3,b\n`);
    const spec = files({ path, decode: csv(Event, { recordBytesMax: 1000 }) });
    const [found] = await checkSource(spec, { directory });
    expect(found?.rows.map(([id]) => id)).toEqual([1, 3]);
    expect(found?.invalid).toEqual([
      {
        position: 12,
        raw: Buffer.from(long.slice(0, 1000)).toString("hex"),
        reason: "The record is longer than 1000 bytes",
      },
    ]);
  });

  it("refuses a quote that is never closed at the limit of a record, and reads nothing that it may hold", async () => {
    const path = write("a.csv", `id,name\n1,a\n2,"${"3,b\n".repeat(200_000)}`);
    const { rows, reasons } = await readOnce(path, { recordBytesMax: 1000 });
    expect(rows).toEqual([[1, "a"]]);
    expect(reasons).toEqual(["The record is longer than 1000 bytes"]);
  });
});

describe("files that grow", () => {
  it("waits for the header, then for whole records, when following", async () => {
    const path = write("a.csv", "");
    const reader = await following(path);
    for (const text of ["id,", 'name,"a\nb"', "\n", '1,"a', "\n", '"', '"', '"', ",x"]) {
      expect(await reader.poll(4096)).toBe("idle");
      appendFileSync(path, text);
    }
    expect(await reader.poll(4096)).toBe("idle");
    appendFileSync(path, "\n2,b,\n");
    expect((await drained(reader)).rows).toEqual([
      [1, 'a\n"'],
      [2, "b"],
    ]);
    await reader.close();
  });

  it("follows on from a position with the header it reads again", async () => {
    const path = write("a.csv", "name,id\na,1\n");
    const { positions } = await readOnce(path);
    const reader = await following(path, positions.at(-1));
    expect(await reader.poll(4096)).toBe("idle");
    appendFileSync(path, "b,2\n");
    expect((await drained(reader)).rows).toEqual([[2, "b"]]);
    await reader.close();
  });

  it("reads a file again from its beginning whose header was all there was", async () => {
    const path = write("a.csv", "id,name");
    expect((await readOnce(path)).positions).toEqual([]);
    appendFileSync(path, ",more\n1,a,b\n");
    expect((await readOnce(path)).rows).toEqual([[1, "a"]]);
  });

  it("takes a last record without line break once, and not again when that arrives", async () => {
    const path = write("a.csv", "id,name\n1,a");
    const first = await readOnce(path);
    const position = first.positions.at(-1);
    expect(first.rows).toEqual([[1, "a"]]);
    expect(await readOnce(path, { position })).toMatchObject({ rows: [], reasons: [] });
    appendFileSync(path, "\r\n2,b\n");
    expect(await readOnce(path, { position })).toMatchObject({ rows: [[2, "b"]], reasons: [] });
  });

  it.each([
    ["1,a", "b", "b"],
    ["1,a", " ", " "],
    ["1,a", ',"x\n5,y"', ',"x\n5,y"'],
    ['1,"a"', '"x\n5,y\n"', '"x\n5,y\n"'],
    ["1,a", '"\n', '"'],
    ['1,"a"', '"x', '"x\n2,b\n'],
  ])("refuses what follows %j after it was taken: %j", async (last, more, raw) => {
    const path = write("a.csv", `id,name\n${last}`);
    const position = (await readOnce(path)).positions.at(-1);
    appendFileSync(path, `${more}${more.endsWith("\n") ? "" : "\n"}2,b\n`);
    const found = await readOnce(path, { position });
    expect(found.raws).toEqual([raw]);
    expect(found.reasons).toEqual([expect.stringContaining("before the line was complete")]);
    expect(found.rows).toEqual(raw.includes("2,b") ? [] : [[2, "b"]]);
  });

  it("reads a record again that was refused in the middle once it is complete", async () => {
    const path = write("a.csv", 'id,name\n1,a\n2,"b\n');
    const first = await readOnce(path);
    const position = first.positions.at(-1);
    expect(first).toMatchObject({ rows: [[1, "a"]], reasons: ["A quote is never closed"], raws: ['2,"b\n'] });
    expect(await readOnce(path, { position })).toMatchObject({ rows: [], reasons: [] });
    appendFileSync(path, 'c"\n3,d\n');
    const rest = await readOnce(path, { position });
    expect(rest).toMatchObject({
      rows: [
        [2, "b\nc"],
        [3, "d"],
      ],
      reasons: [],
    });
  });

  it("refuses a position with a place in a record that does not exist", async () => {
    const path = write("a.csv", "id,name\n1,a");
    const position = { ...((await readOnce(path)).positions.at(-1) as object), inside: "nowhere" };
    await expect(readOnce(path, { position })).rejects.toThrow("DF_POSITION");
  });
});
