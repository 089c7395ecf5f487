import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { PlainContent } from "./content.ts";
import { OpenFile } from "./open-file.ts";
import { ReadAhead } from "./read-ahead.ts";

/** Bytes of the first read. */
const FIRST_BYTES = 16 * 1024;

it("finds what a file has grown by since it was read ahead to its end", async () => {
  const directory = mkdtempSync(join(tmpdir(), "read-ahead-"));
  const path = join(directory, "log");
  writeFileSync(path, "a".repeat(FIRST_BYTES));
  const file = await OpenFile.open(path);
  try {
    const ahead = new ReadAhead(new PlainContent(file, 0));
    expect(await ahead.more()).toBe(true);
    // By now the end has been read ahead.
    await setTimeout(20);
    appendFileSync(path, "bc");
    expect(await ahead.more()).toBe(true);
    expect(Buffer.from(ahead.bytes.subarray(ahead.to - 3, ahead.to)).toString()).toBe("abc");
    expect(await ahead.more()).toBe(false);
  } finally {
    await file.close();
    rmSync(directory, { recursive: true });
  }
});
