// Runs the pipeline as it is, on input of its own in an empty folder: node --test
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const command = process.env.DATAFLOW ?? "dataflow";
const folder = mkdtempSync(join(tmpdir(), "temperatures-"));
after(() => rmSync(folder, { recursive: true }));

/** The lines of all files of a directory, in order of their names. */
function linesOf(directory) {
  const path = join(folder, "out", directory);
  const names = readdirSync(path).filter((name) => name.startsWith("data-"));
  return names.toSorted().flatMap((name) => readFileSync(join(path, name), "utf8").trim().split("\n"));
}

test("hours are counted by event time; late rows and lines that are none are kept apart", () => {
  const input = [
    '{"sensor":"a","time":"2026-01-01T08:10:00Z","celsius":10}',
    '{"sensor":"a","time":"2026-01-01T09:04:00Z","celsius":30}',
    // Out of order, and in time: the clock is at 8:59.
    '{"sensor":"a","time":"2026-01-01T08:50:00Z","celsius":20}',
    // Closes the hour from 8 to 9: the clock is at 9:10.
    '{"sensor":"a","time":"2026-01-01T09:15:00Z","celsius":30}',
    '{"sensor":"a","time":"2026-01-01T08:55:00Z","celsius":99}',
    "no reading",
  ];
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "input", "a.jsonl"), `${input.join("\n")}\n`);
  // State in memory, where many machines have their temporary files, is good enough for a test.
  const given = ["run", join(import.meta.dirname, "pipeline.ts"), "--unsafe-state-fs"];
  const run = spawnSync(command, given, {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const hint = "Put dataflow on the path, or name it: DATAFLOW=/path/to/dataflow node --test";
  assert.equal(run.status, 0, run.error === undefined ? run.stderr : `${run.error.message}. ${hint}`);

  assert.deepEqual(linesOf("hours"), [
    "sensor,windowStart,windowEnd,readings,mean,highest",
    "a,2026-01-01T08:00:00Z,2026-01-01T09:00:00Z,2,15,20",
  ]);
  assert.deepEqual(
    linesOf("late").map((line) => JSON.parse(line).celsius),
    [99],
  );
  assert.equal(linesOf("quarantine").length, 1);
});
