/**
 * How long pyarrow takes to encode the shapes of encode.ts from its own memory. Run by hand, as not every machine has
 * pyarrow: `node bench/parquet/pyarrow.ts`. Prints nanoseconds of CPU a row of the first file and of those after it.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFile, ENCODE_LIMITS } from "@df/formats/parquet/encode-file";
import { readersPython } from "../../scripts/readers.ts";
import { packedRows, ROWS, SHAPES } from "./encode.ts";

const PASSES = 20;
const SCRIPT = join(import.meta.dirname, "pyarrow_encode.py");

const found = readersPython();
if ("missing" in found) throw new Error(`pyarrow is missing: ${found.missing}`);
const folder = mkdtempSync(join(tmpdir(), "bench-parquet-"));
for (const [name, shape] of Object.entries(SHAPES)) {
  const file = join(folder, `${name}.parquet`);
  writeFileSync(file, encodeFile(shape.schema, packedRows(shape)).bytes);
  const given = ["-B", SCRIPT, file, String(PASSES), String(ENCODE_LIMITS.rowGroupRows)];
  const [first = 0, then = 0] = JSON.parse(
    execFileSync(found.python, given, { encoding: "utf8" }),
  ) as number[];
  const nanos = (seconds: number): string => ((seconds * 1e9) / ROWS).toFixed(0);
  console.log(`${name.padEnd(10)} first ${nanos(first)}, then ${nanos(then)} ns a row`);
}
rmSync(folder, { recursive: true });
