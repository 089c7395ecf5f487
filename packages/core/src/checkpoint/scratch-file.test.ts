import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
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

test.each([
  ["fast", 0],
  ["slow", 1],
])("what is announced is what was written; where reads are %s it is read ahead or not", (_, tookMs) => {
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += tookMs));
  const file = openScratchFile(mkdtempSync(join(tmpdir(), "scratch-")));
  const pieces = Array.from({ length: 300 }, (_, i) => Uint8Array.of(i % 251, i >> 1, 7));
  for (const [i, piece] of pieces.entries()) file.write(piece, i * 4096);
  const into = new Uint8Array(3);
  for (const [i, piece] of pieces.entries()) {
    file.ahead(3, i * 4096);
    file.read(into, i * 4096);
    expect(into).toEqual(piece);
  }
  expect(clock).toHaveBeenCalledTimes(2 * Math.ceil(300 / 64));
  clock.mockRestore();
  // Answers come when the test has ended: so long the file stays open.
  expect(process.getActiveResourcesInfo().includes("FSReqCallback")).toBe(tookMs > 0);
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
