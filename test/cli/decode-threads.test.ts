/** The command with threads that decode: what it says and how it ends is as without. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, startDataflow } from "../command.ts";
import { Started, until } from "./started.ts";

const FILE = (path: string, decoder: string): string => `
import { pipeline, t } from "dataflow";
import { csv } from "dataflow/csv";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
const Row = t.row({ n: t.int() });
export default pipeline("p", (p) => {
  p.from("rows", files({ path: "${path}", decode: ${decoder}(Row) }))
    .to("out", filesSink({ path: process.env["OUT"] ?? "./out", format: jsonLines() }), { commitEvery: { time: "50ms", bytes: 1 << 20 } });
});
`;

function folderOf(
  path: string,
  decoder: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): string {
  const folder = newFolder("decode-threads");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "pipeline.ts"), FILE(path, decoder));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, "input", name), content);
  return folder;
}

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}\n`).join("");

function shown(folder: string): number[] {
  const names = readdirSync(join(folder, "out")).filter((name) => name.startsWith("data-"));
  const lines = names.flatMap((name) =>
    readFileSync(join(folder, "out", name), "utf8")
      .trimEnd()
      .split("\n"),
  );
  return lines.map((line) => (JSON.parse(line) as { readonly n: number }).n).toSorted((a, b) => a - b);
}

const packed = gzipSync(rows(0, 20_000));
const damaged = Uint8Array.from(packed, (byte, at) => (at === packed.length - 6 ? byte ^ 0xff : byte));

describe("with decode threads the command says what it says without, of", () => {
  test.each<[string, string, string | Uint8Array, RegExp]>([
    [
      "a record that is none",
      "json",
      `${rows(0, 10)}{"n":"x"}\n`,
      /position 80.*Column "n".*\[DF_REJECTED\]/,
    ],
    ["a damaged file", "json", damaged, /Source "rows": .*\/input\/a: .*\[DF_COMPRESSION\]/],
    [
      "a file that is cut off",
      "json",
      packed.subarray(0, -20),
      /Source "rows": .*is cut off.*\[DF_COMPRESSION\]/,
    ],
    ["a header that does not fit", "csv", "m\n1\n", /Source "rows": .*no column "n".*\[DF_CSV_HEADER\]/],
  ])("%s", (_, decoder, content, says) => {
    const folder = folderOf("input/*", decoder, { a: content });
    const [here, there] = [[], ["--decode-threads", "2"]].map((options, run) =>
      dataflow(folder, ["run", "pipeline.ts", "--state-dir", `state-${run}`, ...options], {
        OUT: `out-${run}`,
      }),
    );
    expect(here).toMatchObject({ code: 1, stderr: expect.stringMatching(says) });
    expect(there).toEqual(here);
  });

  test("a file that was replaced", () => {
    const folder = folderOf("input/*", "json", { a: rows(0, 2000) });
    const options = ["run", "pipeline.ts", "--decode-threads", "1"];
    expect(dataflow(folder, options)).toMatchObject({ code: 0, stderr: "" });
    writeFileSync(join(folder, "input/a"), rows(5000, 9000));
    const there = dataflow(folder, options);
    expect(there).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^Source "rows": .*\/input\/a begins with other bytes.*\[DF_POSITION\]\n$/,
      ),
    });
    expect(dataflow(folder, ["run", "pipeline.ts"])).toEqual(there);
  });

  test("a number of threads that cannot be", () => {
    const folder = folderOf("input/*", "json", {});
    expect(dataflow(folder, ["run", "pipeline.ts", "--decode-threads", "65"])).toEqual({
      code: 2,
      stdout: "",
      stderr: '--decode-threads is "65". It is a number from 0 to 64. [DF_CONFIG]\n',
    });
  });
});

test("a run that follows files on decode threads shows what is added, also in new files, and stops at SIGTERM", async () => {
  const folder = folderOf("input/*", "json", { a: rows(0, 1000) });
  const run = new Started(startDataflow(folder, ["run", "pipeline.ts", "--follow", "--decode-threads", "2"]));
  const all = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  const has = (count: number) => async () =>
    readdirSync(folder).includes("out") && shown(folder).length === count;
  await until("the first rows are shown", has(1000));
  appendFileSync(join(folder, "input/a"), rows(1000, 1500));
  await until("what was added is shown", has(1500));
  writeFileSync(join(folder, "input/b"), gzipSync(rows(1500, 2000)));
  await until("the new file is shown", has(2000));
  // Half a line waits for its end.
  appendFileSync(join(folder, "input/a"), '{"n":2000}\n{"n":20');
  await until("the whole line is shown", has(2001));
  const { code, stderr } = await run.stop("SIGTERM");
  expect({ code, stderr }).toEqual({ code: 143, stderr: "" });
  appendFileSync(join(folder, "input/a"), "01}\n");
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
  expect(shown(folder)).toEqual(all(2002));
});

test("many files are read on few threads, each of them whole", () => {
  const contents = Object.fromEntries(
    Array.from({ length: 150 }, (_, file) => [`f${file}`, rows(file * 100, file * 100 + 100)]),
  );
  const folder = folderOf("input/*", "json", contents);
  expect(dataflow(folder, ["run", "pipeline.ts", "--decode-threads", "3"])).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(shown(folder)).toEqual(Array.from({ length: 15_000 }, (_, n) => n));
});
