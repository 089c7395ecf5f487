import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";

const FILE = `
import { pipeline } from "dataflow";
import { files, filesSink, jsonLines } from "dataflow/files";
import { lines } from "dataflow/lines";
export default pipeline("logs", (p) => {
  const onInvalid = filesSink({ path: "./invalid", format: jsonLines() });
  p.from("log", files({ path: "input/*", decode: lines({ recordBytesMax: 1000 }) }), { onInvalid })
    .to("shown", filesSink({ path: "./shown", format: jsonLines() }));
});
`;

function folderWith(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = newFolder("compressed");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "pipeline.ts"), FILE);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, "input", name), bytes);
  return folder;
}

function shownIn(folder: string): string[] {
  return readdirSync(join(folder, "shown"))
    .filter((name) => name.startsWith("data-"))
    .flatMap((name) =>
      readFileSync(join(folder, "shown", name), "utf8")
        .trim()
        .split("\n"),
    )
    .map((line) => (JSON.parse(line) as { readonly line: string }).line)
    .toSorted();
}

test("a file that is cut off stops the run; once it is whole the next run goes on, and no line is shown twice", () => {
  const lines = Array.from(
    { length: 30_000 },
    (_, i) => `line ${String(i).padStart(6, "0")} ${(i * 7919) % 10_007}`,
  );
  const bytes = gzipSync(`${lines.join("\n")}\n`);
  const folder = folderWith({
    "a.log.gz": bytes.subarray(0, bytes.length >> 1),
    "b.log.zst": zstdCompressSync("b\n"),
  });
  const cut = dataflow(folder, ["run", "pipeline.ts"]);
  expect(cut.code).toBe(1);
  expect(cut.stderr).toMatch(/a\.log\.gz is cut off: it ends with byte \d+, .*\[DF_COMPRESSION\]/);
  writeFileSync(join(folder, "input/a.log.gz"), bytes);
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
  expect(shownIn(folder)).toEqual(["b", ...lines].toSorted());
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
});

test.each([
  ["gzip", (bytes: Uint8Array) => gzipSync(bytes)],
  ["zstd", (bytes: Uint8Array) => zstdCompressSync(bytes)],
])("a small file of %s that holds gigabytes stops the run, with limit and name", (_, compress) => {
  const part = compress(Buffer.alloc(64 * 1024 * 1024));
  const folder = folderWith({ bomb: Buffer.concat(Array.from({ length: 64 }, () => part)) });
  const { code, stderr } = dataflow(folder, ["run", "pipeline.ts"], {
    NODE_OPTIONS: "--max-old-space-size=200",
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /input\/bomb: Its first \d+ bytes hold more than \d+ bytes .*over 200 times.*\[DF_EXPANSION\]/,
  );
});
