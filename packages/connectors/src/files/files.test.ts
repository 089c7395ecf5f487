import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import type { Json, Polled, Source, SplitReader } from "@df/core";
import { t } from "@df/core";
import { json } from "@df/formats";
import { csvLines } from "@df/formats/text/text-format";
import { checkSource } from "@df/testing/check-source";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { files } from "./files.ts";

const Event = t.row({ id: t.int64(), name: t.string() });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "files-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(path: string, text: string): string {
  const full = join(directory, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, text);
  return full;
}

const line = (id: number, name = "n"): string => `${JSON.stringify({ id, name })}\n`;

async function opened(path: string | URL | (string | URL)[], follow = false): Promise<Source> {
  const spec = files({ path, decode: json(Event) });
  return await spec.open({ schema: spec.schema, follow, generate: true, directory });
}

async function splitIds(path: string | URL | (string | URL)[], follow = false): Promise<string[]> {
  return (await (await opened(path, follow)).splits()).map(({ id }) => id);
}

/** Reads a single file to "end" or "idle": the ids, the reasons, and the last position. */
async function drained(reader: SplitReader): Promise<{ ids: number[]; reasons: string[]; last?: Json }> {
  const ids: number[] = [];
  const reasons: string[] = [];
  let last: Json | undefined;
  for (;;) {
    const polled: Polled | string = await reader.poll(4096);
    if (typeof polled === "string") return { ids, reasons, ...(last === undefined ? {} : { last }) };
    const column = polled.columns[0];
    if (column?.layout === "long") ids.push(...Array.from(column.values.slice(0, polled.length), Number));
    reasons.push(...polled.invalid.map(({ reason }) => reason));
    last = polled.next;
  }
}

async function readOnce(path: string, position?: Json): ReturnType<typeof drained> {
  const source = await opened(path);
  const [split] = await source.splits();
  if (split === undefined) throw new Error("no split");
  const reader = source.read(split, position);
  try {
    return await drained(reader);
  } finally {
    await source.close();
  }
}

describe("which files are read", () => {
  it("finds files by wildcards, and names them by their path below the fixed directory", async () => {
    write("in/b.jsonl", "");
    write("in/.hidden.jsonl", "");
    write("in/deep/er/a.jsonl", "");
    write("in/c.txt", "");
    write("other/d.jsonl", "");
    expect(await splitIds("in/*.jsonl")).toEqual(["b.jsonl"]);
    expect(await splitIds("in/**/*.jsonl")).toEqual(["b.jsonl", "deep/er/a.jsonl"]);
    expect(await splitIds("in/?.{txt,jsonl}")).toEqual(["b.jsonl", "c.txt"]);
    expect(await splitIds("*/?.jsonl")).toEqual(["in/b.jsonl", "other/d.jsonl"]);
    expect(await splitIds("in/c.txt")).toEqual(["c.txt"]);
    expect(await splitIds(["in/*.jsonl", "other/*", join(directory, "in/b.jsonl")])).toEqual([
      "b.jsonl",
      "d.jsonl",
    ]);
  });

  it("takes file URLs with wildcards, blanks and question marks", async () => {
    write("my in/a.jsonl", "");
    write("my in/b.jsonl", "");
    const base = pathToFileURL(`${directory}/`);
    expect(await splitIds(new URL("./my in/*.jsonl", base))).toEqual(["a.jsonl", "b.jsonl"]);
    expect(await splitIds(new URL("./my in/?.jsonl", base))).toEqual(["a.jsonl", "b.jsonl"]);
    expect(await splitIds(new URL("./my%20in/%2A.jsonl", base))).toEqual(["a.jsonl", "b.jsonl"]);
    expect(await splitIds(new URL("./my in/{a,c}.jsonl", base))).toEqual(["a.jsonl"]);
  });

  it("refuses a web address", () => {
    expect(() => files({ path: new URL("https://example.com/a"), decode: json(Event) })).toThrow("DF_PATH");
  });

  it("refuses a format to write in place of a decoder, and says where decoders are", () => {
    const decode = csvLines() as never;
    expect(() => files({ path: "in/*.csv", decode })).toThrow(/csv\(Order\) of "dataflow\/csv".*DF_OPTION/);
    expect(() => files({ path: "in/*.csv" } as never)).toThrow("DF_OPTION");
  });

  it("refuses an empty list of paths", () => {
    expect(() => files({ path: [], decode: json(Event) })).toThrow("DF_PATH");
  });

  it("refuses a directory and says how to name its files", async () => {
    write("in/a.jsonl", "");
    await expect(splitIds("in")).rejects.toThrow(`"${join(directory, "in", "*")}". [DF_PATH]`);
  });

  it("refuses two files that would be the same split", async () => {
    write("x/a.jsonl", "");
    write("y/a.jsonl", "");
    await expect(splitIds(["x/*", "y/*"])).rejects.toThrow("DF_PATH");
  });

  it("says so when no file matches", async () => {
    await expect(splitIds("in/*.jsonl")).rejects.toThrow("DF_NO_INPUT");
  });

  it("waits for files when following, and finds them when they appear", async () => {
    const source = await opened("in/*.jsonl", true);
    expect(await source.splits()).toEqual([]);
    write("in/a.jsonl", line(1));
    expect(await source.splits()).toEqual([{ id: "a.jsonl" }]);
  });

  it("takes a file whose name looks like a pattern", async () => {
    write("odd{1,2}[x].jsonl", line(7));
    expect((await readOnce("odd{1,2}[x].jsonl")).ids).toEqual([7]);
  });
});

describe("reading", () => {
  it("resumes from every position with exactly the remaining rows", async () => {
    const rows = Array.from({ length: 20_000 }, (_, id) => line(id, `né "${"x".repeat(id % 50)}"`));
    write("in/a.jsonl", rows.join(""));
    write("in/b.jsonl", `\n\n{"id":1\n${line(2).trim()}`);
    write("in/empty.jsonl", "");
    const found = await checkSource(files({ path: "in/*", decode: json(Event) }), { directory });
    expect(found.map(({ rows: { length } }) => length)).toEqual([20_000, 1, 0]);
    expect(found[0]?.rows[19_999]?.[0]).toBe(19_999);
    expect(found[0]?.positions[1]).toBe(rows[0]?.length === undefined ? 0 : Buffer.byteLength(rows[0]));
    expect(found[1]?.invalid.length).toBe(1);
  });

  it("delivers the columns that are read only", async () => {
    write("a.jsonl", line(1, "ab"));
    const spec = files({ path: "a.jsonl", decode: json(Event) });
    expect((await checkSource(spec, { directory, columns: ["name"] }))[0]?.rows).toEqual([["6162"]]);
  });

  it("delivers all rows in any layout of lines, and resumes anywhere", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(80_000), fc.constantFrom("\n", "\r\n", "\n \n")), { maxLength: 25 }),
        fc.boolean(),
        async (lines, isEnded) => {
          const texts = lines.map(([size, end], id) => line(id, "y".repeat(size)).trimEnd() + end);
          if (!isEnded && texts.length > 0) texts.push(texts.pop()?.trimEnd() ?? "");
          const path = write(`run-${run++}.jsonl`, texts.join(""));
          const [found] = await checkSource(files({ path, decode: json(Event) }), { directory });
          expect(found?.rows.map(([id]) => id)).toEqual(lines.map((_, id) => id));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("refuses a record that is too long, passes over it and goes on behind it", async () => {
    const long = JSON.stringify({ id: 2, name: "z".repeat(900_000) });
    write("a.jsonl", `${line(1)}${long}\n${line(3)}`);
    const decode = json(Event, { recordBytesMax: 1000 });
    const [found] = await checkSource(files({ path: "a.jsonl", decode }), { directory });
    expect(found?.rows.map(([id]) => id)).toEqual([1, 3]);
    expect(found?.invalid).toEqual([
      {
        position: line(1).length,
        raw: Buffer.from(long.slice(0, 1000)).toString("hex"),
        reason: "The record is longer than 1000 bytes",
      },
    ]);
  });

  it.each([
    ["text", "z"],
    ["blanks", " "],
  ])("refuses a line of too much %s with the same words wherever a read ends in it", async (_, of) => {
    // The first read, of 16 KiB, ends in the long line; one that goes on from a position before it has all of it.
    const before = Array.from({ length: 100 }, (__, id) => line(id, "y".repeat(130))).join("");
    write("a.jsonl", `${before}${of.repeat(4000)}\n${line(100)}`);
    const decode = json(Event, { recordBytesMax: 1000 });
    const [found] = await checkSource(files({ path: "a.jsonl", decode }), { directory, rowsMax: 30 });
    expect(found?.rows).toHaveLength(101);
    const raw = Buffer.from(of.repeat(1000)).toString("hex");
    const reason = "The record is longer than 1000 bytes";
    expect(found?.invalid).toEqual([{ position: before.length, raw, reason }]);
  });

  it("reads a record of just the size that is allowed", async () => {
    const name = "z".repeat(700_000);
    const recordBytesMax = line(1, name).length - 1;
    write("a.jsonl", `${line(1, name).trim()}\r\n${line(2)}`);
    const spec = files({ path: "a.jsonl", decode: json(Event, { recordBytesMax }) });
    expect((await checkSource(spec, { directory }))[0]?.rows.map(([id]) => id)).toEqual([1, 2]);
  });
});

describe("files that grow", () => {
  it("reads what was appended, from the position where it stopped", async () => {
    const path = write("a.jsonl", line(1));
    const { last } = await readOnce(path);
    appendFileSync(path, line(2));
    expect((await readOnce(path, last)).ids).toEqual([2]);
  });

  it("is idle at the end when following, and leaves a line that is not complete", async () => {
    const path = write("a.jsonl", `${line(1)}{"id":2,`);
    const source = await opened(path, true);
    await source.splits();
    const reader = source.read({ id: "a.jsonl" }, undefined);
    expect(await drained(reader)).toMatchObject({ ids: [1], reasons: [] });
    expect(await reader.poll(4096)).toBe("idle");
    appendFileSync(path, `"name":"b"}`);
    expect(await reader.poll(4096)).toBe("idle");
    appendFileSync(path, `\n${line(3)}`);
    expect(await drained(reader)).toMatchObject({ ids: [2, 3], reasons: [] });
    await source.close();
  });

  it("takes an unfinished last line once, and not again when its newline arrives", async () => {
    const path = write("a.jsonl", line(1).trim());
    const first = await readOnce(path);
    expect(first.ids).toEqual([1]);
    expect((await readOnce(path, first.last)).ids).toEqual([]);
    appendFileSync(path, ` \r\n${line(2)}`);
    expect(await readOnce(path, first.last)).toMatchObject({ ids: [2], reasons: [] });
  });

  it("refuses what follows a record in its line after the record was taken", async () => {
    const path = write("a.jsonl", line(1).trim());
    const { last } = await readOnce(path);
    appendFileSync(path, `{"id":9}\n${line(2)}`);
    const { ids, reasons } = await readOnce(path, last);
    expect(ids).toEqual([2]);
    expect(reasons).toEqual([expect.stringContaining("before the line was complete")]);
  });

  it("reads a line that was refused in the middle again once it is complete", async () => {
    const path = write("a.jsonl", `${line(1)}{"id":2,`);
    const first = await readOnce(path);
    expect(first).toMatchObject({ ids: [1], reasons: [expect.stringContaining("expected")] });
    expect(await readOnce(path, first.last)).toEqual({ ids: [], reasons: [] });
    appendFileSync(path, `"name":"b"}\n${line(3)}`);
    expect(await readOnce(path, first.last)).toMatchObject({ ids: [2, 3], reasons: [] });
  });
});

describe("files that changed", () => {
  it("refuses a file that has shrunk", async () => {
    const path = write("a.jsonl", line(1) + line(2));
    const { last } = await readOnce(path);
    truncateSync(path, 3);
    await expect(readOnce(path, last)).rejects.toThrow("DF_POSITION");
  });

  it("refuses a file that shrinks while it is followed", async () => {
    const path = write("a.jsonl", line(1) + line(2));
    const source = await opened(path, true);
    await source.splits();
    const reader = source.read({ id: "a.jsonl" }, undefined);
    await drained(reader);
    truncateSync(path, 3);
    await expect(reader.poll(4096)).rejects.toThrow("DF_POSITION");
    await source.close();
  });

  it("refuses a file that was replaced by one that begins otherwise", async () => {
    const path = write("a.jsonl", line(1));
    const { last } = await readOnce(path);
    write("a.jsonl", line(5) + line(6));
    await expect(readOnce(path, last)).rejects.toThrow("replaced or rewritten");
  });

  it("refuses to go on in a file that is gone", async () => {
    const path = write("a.jsonl", line(1));
    write("b.jsonl", line(1));
    const source = await opened("*.jsonl");
    await source.splits();
    rmSync(path);
    await source.splits();
    expect(() => source.read({ id: "a.jsonl" }, undefined)).toThrow("DF_POSITION");
  });

  it.each([null, 3, "x", {}, { offset: -1, head: 0, headBytes: 0 }, { offset: 1, head: 0, headBytes: 4096 }])(
    "refuses %j, which is no position",
    async (position) => {
      const path = write("a.jsonl", line(1));
      await expect(readOnce(path, position)).rejects.toThrow("DF_POSITION");
    },
  );
});
