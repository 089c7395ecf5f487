import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { beginFrom } from "./begin-from.ts";
import { MetaTable } from "./meta-table.ts";
import type { Savepoint } from "./savepoint.ts";
import { TABLES } from "./schema.sql.ts";

/** Describes the state of a savepoint that lies in a folder. */
function describeState(folder: string, { sizeBytes, sha256 }: Pick<Savepoint, "sizeBytes" | "sha256">): void {
  const savepoint = {
    format: 1,
    id: "1",
    name: "now",
    pipeline: "orders",
    lineage: "2",
    epoch: 3,
    drained: false,
    created: "2026-05-01T00:00:00.000Z",
    sha256,
    sizeBytes,
  };
  writeFileSync(join(folder, "savepoint.json"), JSON.stringify(savepoint));
}

test("a savepoint of a newer format is refused before there is a directory for what would begin from it", () => {
  const folder = mkdtempSync(join(tmpdir(), "dataflow-begin-from-"));
  const file = join(folder, "state.sqlite");
  const db = new Database(file);
  db.exec(TABLES);
  new MetaTable(db).set("format_version", 99);
  db.close();
  const bytes = readFileSync(file);
  describeState(folder, {
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  const stateDirectory = join(folder, "begun", "here");
  expect(() => beginFrom({ from: folder, stateDirectory, pipeline: "orders" })).toThrow(
    /state\.sqlite has format 99; .*\[DF_STATE_FORMAT\]$/,
  );
  expect(existsSync(join(folder, "begun"))).toBe(false);
});

test("a savepoint whose state cannot be opened is told as that, and not as damaged", () => {
  const folder = mkdtempSync(join(tmpdir(), "dataflow-begin-from-"));
  const file = join(folder, "state.sqlite");
  // What SQLite cannot open, whoever runs this.
  mkdirSync(file);
  describeState(folder, { sizeBytes: statSync(file).size, sha256: "" });
  const stateDirectory = join(folder, "begun");
  expect(() => beginFrom({ from: folder, stateDirectory, pipeline: "orders" })).toThrow(
    /^The savepoint .* cannot be copied to the state directory .*: .*\[DF_STATE_DIRECTORY\]$/,
  );
  expect(existsSync(stateDirectory)).toBe(false);
});
