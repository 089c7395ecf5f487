import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openScratchFile } from "./scratch-file.ts";

test("a scratch file gives back what was written, and leaves no name behind", () => {
  const directory = mkdtempSync(join(tmpdir(), "scratch-"));
  const file = openScratchFile(directory);
  file.write(Uint8Array.of(1, 2, 3), 1000);
  file.write(Uint8Array.of(9), 1001);
  const read = new Uint8Array(3);
  file.read(read, 1000);
  expect([...read]).toEqual([1, 9, 3]);
  expect(readdirSync(directory)).toEqual([]);
  file.close();
});

test("what was never written is not read", () => {
  const file = openScratchFile(mkdtempSync(join(tmpdir(), "scratch-")));
  expect(() => file.read(new Uint8Array(8), 4096)).toThrow(
    /cannot be read from .* it ends at byte 4096.*DF_SCRATCH/s,
  );
  file.close();
});

test("a directory that cannot be made is refused in words that name the way on", () => {
  const file = join(mkdtempSync(join(tmpdir(), "scratch-")), "file");
  writeFileSync(file, "");
  expect(() => openScratchFile(join(file, "state"))).toThrow(
    /cannot be written to the scratch file in .*: .*--state-dir.*goes on from the last checkpoint\. \[DF_SCRATCH\]/s,
  );
});
