/** A folder in one small file, compressed: the length of a list, the list of paths and sizes as JSON, the files. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** All files that lie below a folder. */
export function packed(folder: string): Uint8Array {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const contents = files.map((file) => readFileSync(file));
  const list = files.map((file, index) => [
    relative(folder, file).replaceAll(sep, "/"),
    contents[index]?.length ?? 0,
  ]);
  const head = Buffer.from(JSON.stringify(list));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return brotliCompressSync(Buffer.concat([length, head, ...contents]), {
    params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS },
  });
}

/** Puts what `packed` gave into a folder. */
export function unpack(bytes: Uint8Array, folder: string): void {
  const all = brotliDecompressSync(bytes);
  let at = 4 + all.readUInt32LE(0);
  for (const [path, size] of JSON.parse(all.toString("utf8", 4, at)) as [string, number][]) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, all.subarray(at, at + size));
    at += size;
  }
}
