/** Reads a Delta table the plain way, for tests: replays all JSON commits, knows no checkpoints and no cache. */
import type { Schema } from "@df/core";
import { rowsOf } from "@df/core/batch/rows";
import { packRows } from "@df/formats/parquet/pack";
import { encodeFile } from "@df/formats/parquet/encode-file";
import type { ParquetEncoder } from "@df/formats";
import type { ObjectStore } from "../object-store/object-store.ts";
import { storePath } from "./actions.ts";
import type { Action, AddFile } from "./actions.ts";
import { readFileRows } from "./table-rows.ts";

/** The commits of a table, in their order. */
export async function readCommits(store: ObjectStore): Promise<Action[][]> {
  const commits: Action[][] = [];
  for (;;) {
    const bytes = await store.get(`_delta_log/${String(commits.length).padStart(20, "0")}.json`);
    if (bytes === undefined) return commits;
    const lines = Buffer.from(bytes).toString().trimEnd().split("\n");
    commits.push(lines.map((line) => JSON.parse(line) as Action));
  }
}

/** The live files of a table by their path in the log. */
export async function liveFiles(store: ObjectStore): Promise<AddFile[]> {
  const live = new Map<string, AddFile>();
  for (const actions of await readCommits(store)) {
    for (const { remove } of actions) if (remove !== undefined) live.delete(remove.path);
    for (const { add } of actions) if (add !== undefined) live.set(add.path, add);
  }
  return [...live.values()];
}

/** All rows a table shows, in no order. */
export async function readTable(
  store: ObjectStore,
  schema: Schema,
  partitionBy: readonly string[],
): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const add of await liveFiles(store)) {
    const file = { path: storePath(add.path), add };
    for (const { batch, deleted } of await readFileRows(store, file, schema, partitionBy)) {
      rows.push(...rowsOf(batch).filter((_, row) => deleted[row] === 0));
    }
  }
  return rows;
}

/** Encodes in the test's own thread. */
export const inlineEncoder: ParquetEncoder = {
  encode: async (schema, batches) => encodeFile(schema, packRows(schema, batches)),
  close: async () => {},
};
