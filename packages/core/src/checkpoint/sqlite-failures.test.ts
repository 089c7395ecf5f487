import Database from "better-sqlite3";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diskFailureOf } from "./sqlite-failures.ts";

/** What SQLite throws when this is done. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("nothing was thrown");
}

test("a database that is full, or cannot be opened or written, is told with file, reason and way on", () => {
  const folder = mkdtempSync(join(tmpdir(), "disk-failure-"));
  writeFileSync(join(folder, "file"), "");
  const full = new Database(join(folder, "full.sqlite"));
  full.exec("CREATE TABLE t (b BLOB)");
  full.pragma("max_page_count = 2");
  const failures = [
    thrownBy(() => full.prepare("INSERT INTO t VALUES (zeroblob(100000))").run()),
    thrownBy(() => new Database(folder)),
  ];
  full.close();
  expect(failures.map((failure) => diskFailureOf("s", failure)?.message)).toEqual([
    expect.stringMatching(
      /^The state s cannot be read or written: .*full \(SQLITE_FULL\)\. Look at its disk \(room, .*\[DF_STATE_IO\]$/,
    ),
    expect.stringMatching(/unable to open database file \(SQLITE_CANTOPEN/),
  ]);
});

test("what the statement itself is refused for is none of the disk", () => {
  const memory = new Database(":memory:");
  expect(
    diskFailureOf(
      "s",
      thrownBy(() => memory.exec("SELECT * FROM nothing")),
    ),
  ).toBe(undefined);
  expect(diskFailureOf("s", new Error("no"))).toBe(undefined);
});
