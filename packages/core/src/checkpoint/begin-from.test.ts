import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { beginFrom } from "./begin-from.ts";
import { MetaTable } from "./meta-table.ts";
import { TABLES } from "./schema.sql.ts";

test("a savepoint of a newer format is refused before there is a directory for what would begin from it", () => {
  const folder = mkdtempSync(join(tmpdir(), "dataflow-begin-from-"));
  const file = join(folder, "state.sqlite");
  const db = new Database(file);
  db.exec(TABLES);
  new MetaTable(db).set("format_version", 99);
  db.close();
  const bytes = readFileSync(file);
  const savepoint = {
    format: 1,
    id: "1",
    name: "now",
    pipeline: "orders",
    lineage: "2",
    epoch: 3,
    drained: false,
    created: "2026-05-01T00:00:00.000Z",
    sha256: createHash("sha256").update(bytes).digest("hex"),
    sizeBytes: bytes.length,
  };
  writeFileSync(join(folder, "savepoint.json"), JSON.stringify(savepoint));
  const stateDirectory = join(folder, "begun", "here");
  expect(() => beginFrom({ from: folder, stateDirectory, pipeline: "orders" })).toThrow(
    /state\.sqlite has format 99; .*\[DF_STATE_FORMAT\]$/,
  );
  expect(existsSync(join(folder, "begun"))).toBe(false);
});
