/** The table of limits in docs/operating.md says what the code has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../command.ts";

const [KIB, MIB, GIB] = [1024, 1024 ** 2, 1024 ** 3];
const text = (path: string): string => readFileSync(join(root, path), "utf8");

/** By the beginning of a row: the numbers that it has to say, as `how` of a constant of a file below packages/. */
const ROWS: Readonly<
  Record<string, readonly (readonly [file: string, constant: string, how: (value: number) => string])[]>
> = {
  "a record": [
    ["formats/src/record-bytes.ts", "RECORD_BYTES_MAX", mib],
    ["formats/src/record-bytes.ts", "RECORD_BYTES_LIMIT", mib],
  ],
  "nesting of a JSON record": [["formats/src/json/scanner.ts", "DEPTH_MAX", plain]],
  "rows of a batch": [["core/src/batch/batch.ts", "BATCH_ROWS_MAX", plain]],
  "content of a compressed file": [
    ["connectors/src/files/files.ts", "EXPANSION_MAX", plain],
    ["formats/src/compression/unpacker.ts", "FREE_BYTES", mib],
  ],
  "splits of a source that are open": [["core/src/runtime/split-choice.ts", "SPLITS_OPEN_MAX", plain]],
  "splits of a source, with": [["core/src/runtime/split-finder.ts", "SPLITS_MAX", plain]],
  "rows that `fromObservable`": [["connectors/src/rxjs/from-observable.ts", "BUFFER_MAX", plain]],
  "an inbox": [
    ["connectors/src/inbox/inbox.ts", "BUDGET", (bytes) => `${bytes / GIB} GiB`],
    ["connectors/src/inbox/inbox.ts", "IDS_MAX", plain],
  ],
  "polls that decode threads": [
    ["core/src/runtime/remote-reader.ts", "AHEAD_MAX", plain],
    ["core/src/runtime/decode-pool.ts", "BACKLOG_BYTES_MAX", mib],
  ],
  "events before keyed work": [["core/src/runtime/node-runner.ts", "QUEUE_EVENTS_MAX", plain]],
  "windows that a row is in": [["operators/src/windowing/check.ts", "WINDOWS_PER_ROW_MAX", plain]],
  "rows that `flatMap`": [["operators/src/flat-map/flat-map.ts", "FLAT_MAP_ROWS_MAX", plain]],
  "keyed state": [["core/src/state/memory.ts", "MEMORY_BYTES_MAX", (bytes) => `${bytes / GIB} GiB`]],
  "rows for sinks that the state": [["core/src/runtime/job.ts", "HELD_BYTES_MAX", mib]],
  "rows of a sink that are decided": [
    ["core/src/runtime/deliveries.ts", "CROWDED_AT", plain],
    ["dataflow/src/graph.ts", "COMMIT_BYTES", mib],
  ],
  "changes that a loop": [],
  "rows read from the state": [
    ["core/src/runtime/delivery.ts", "FRAMES_AT_ONCE", plain],
    ["core/src/batch/frame.ts", "FRAME_BYTES_MAX", mib],
  ],
  "values of one file": [
    ["connectors/src/delta/data-files.ts", "FILE_VALUE_BYTES_MAX", mib],
    ["connectors/src/parquet/stage.ts", "FILE_COLUMN_BYTES", mib],
    ["connectors/src/files-sink/stage.ts", "FILE_BYTES", mib],
  ],
  "partitions that": [["connectors/src/lake/group.ts", "PARTITIONS_MAX", plain]],
  "attempts of a commit": [
    ["connectors/src/delta/delta-committer.ts", "ATTEMPTS_MAX", plain],
    ["connectors/src/lake/directory-committer.ts", "ATTEMPTS_MAX", plain],
  ],
  "failures of a store": [
    ["connectors/src/delta/delta-committer.ts", "FAILURES_MAX", plain],
    ["connectors/src/delta/delta-committer.ts", "BACK_OFF_MAX_MS", seconds],
  ],
  "starts with `--restart`": [
    ["cli/src/restart/failures.ts", "FUTILE_MAX", plain],
    ["cli/src/restart/failures.ts", "PAUSE_MS_MAX", seconds],
  ],
  "what a state remembers": [
    ["core/src/checkpoint/delivered-rows.ts", "DELIVERIES_KEPT", plain],
    ["core/src/checkpoint/sqlite-state.ts", "MARKS_KEPT", plain],
  ],
  "checkpoints that an inbox": [["core/src/runtime/acknowledgements.ts", "RECORDS_MAX", plain]],
  "the log of the state": [["core/src/checkpoint/open-exclusively.ts", "LOG_BYTES", mib]],
  "who is connected": [
    ["core/src/runtime/control-socket.ts", "CONNECTIONS_MAX", plain],
    ["core/src/runtime/control-socket.ts", "QUESTION_MAX", plain],
    ["core/src/runtime/control-socket.ts", "ASK_WITHIN_MS", seconds],
  ],
  "layouts of JSON": [["formats/src/json/walks.ts", "WALKS_MAX", plain]],
  "a file with a secret": [["core/src/secret/secret.ts", "FILE_BYTES_MAX", (bytes) => `${bytes / KIB} KiB`]],
};

function plain(value: number): string {
  return value.toLocaleString("en-US");
}

function mib(bytes: number): string {
  return `${bytes / MIB} MiB`;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/** The value of a constant, which is a product of numbers. */
function valueOf(file: string, constant: string): number {
  const found = new RegExp(`const ${constant}(?:: number)? = ([\\d_ *]+);`).exec(
    text(`packages/${file}`),
  )?.[1];
  if (found === undefined)
    throw new Error(`${file} has no constant ${constant} that is a product of numbers`);
  return found.split("*").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

const [, table = ""] = /## Limits\n\n[^|]*\n\n(\|[^]*?)\n\n/.exec(text("docs/operating.md")) ?? [];
const documented = table
  .split("\n")
  .slice(2)
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("each limit of the table is the one that the code has", () => {
  const wrong = Object.entries(ROWS).flatMap(([begins, limits]) => {
    const row = documented.find(([, what]) => what?.startsWith(begins));
    if (row === undefined) return [`the table has no row "${begins}…"`];
    return limits
      .map(([file, constant, how]) => how(valueOf(file, constant)))
      .filter((limit) => !new RegExp(`(^|[^\\d,])${limit}($|[^\\d])`).test(row[2] ?? ""))
      .map((limit) => `${row[1]}: the code has ${limit}, the table "${row[2]}"`);
  });
  expect(wrong).toEqual([]);
});

test("the test knows every row of the table", () => {
  const unknown = documented.filter(
    ([, what]) => !Object.keys(ROWS).some((begins) => what?.startsWith(begins)),
  );
  expect(unknown).toEqual([]);
  expect(documented).toHaveLength(Object.keys(ROWS).length);
});
