/** What the tables of a simulation show to a reader. */
import { inlineEncoder, readTable } from "@df/connectors/delta/table.testing";
import { DeltaCommitter } from "@df/connectors/delta/delta-committer";
import { filesCommitter } from "@df/connectors/files-sink/committer";
import { parseFilesOptions } from "@df/connectors/files-sink/files-options";
import { COMMITS, isFiles } from "@df/connectors/lake/manifest";
import { parseTableOptions } from "@df/connectors/lake/table-options";
import { parquetCommitter } from "@df/connectors/parquet/committer";
import { unreachable, type Schema, type SinkNode } from "@df/core";
import { rowsOf } from "@df/core/batch/rows";
import type { Connectors } from "@df/core/runtime/delivery";
import { readParquet } from "@df/formats/parquet/read-batches";
import { lineOf } from "./answer.ts";
import type { SinkKind } from "./drawn.ts";
import type { Bucket } from "./ports/store.ts";
import { Violation } from "./verdict.ts";
import type { Process, World } from "./world.ts";

type Row = Readonly<Record<string, unknown>>;

/** Which columns of a table are compared, by the last part of its name. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  copy: ["id", "key", "at", "value"],
  rejected: ["split", "position"],
  hours: ["key", "windowStart", "rows", "total"],
  late: ["id", "key", "at", "value"],
  days: ["key", "windowStart", "rows", "total"],
  sliding: ["key", "windowStart", "rows", "total"],
  visits: ["key", "windowStart", "windowEnd", "rows", "total"],
  first: ["id", "key", "at", "value"],
  joined: ["id", "other"],
  view: ["key", "rows", "total"],
  latest: ["key", "id", "at", "value"],
};

/** The committers of a process, on tables in their buckets. */
export function committers(
  world: World,
  process: Process,
  bucketOf: (table: string) => Bucket,
  wallMs: () => number,
): Connectors {
  const storeOf = (path: string) => bucketOf(path).seenBy(world, process, path);
  const wait = (ms: number) =>
    new Promise<void>((resolve) => void world.wait(process, "back off", ms, resolve));
  return {
    delta: {
      open: async (options, context) => {
        const { path, partitionBy } = parseTableOptions("delta", options);
        const ports = { store: storeOf(path), encoder: inlineEncoder, now: wallMs, wait };
        return new DeltaCommitter({ context, partitionBy, path }, ports);
      },
    },
    parquet: {
      open: async (options, context) => {
        const parsed = parseTableOptions("parquet", options);
        return parquetCommitter(storeOf(parsed.path), parsed, context, inlineEncoder);
      },
    },
    files: {
      open: async (options, context) => {
        const parsed = parseFilesOptions(options);
        return filesCommitter(storeOf(parsed.path), parsed, context);
      },
    },
  };
}

/** The lines of a table as `answer` has them, sorted. */
export async function shownBy(node: SinkNode, bucket: Bucket): Promise<string[]> {
  const rows = await rowsIn(node, bucket);
  return rows.map((row) => shownLine(lastOf(node.id), row)).toSorted();
}

/** What an id ends in, behind its scope: a table is called like that. */
export function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** The path of a sink's table, behind the folder of its host. */
export function pathOf({ spec }: SinkNode): string {
  return (spec.options as { readonly path: string }).path;
}

/** A row of a table as `answer` has it. */
export function shownLine(table: string, row: Row): string {
  return lineOf(...(COLUMNS[table] ?? []).map((column) => row[column]));
}

function rowsIn({ spec, shape }: SinkNode, bucket: Bucket): Promise<Row[]> {
  const { partitionBy = [] } = spec.options as { readonly partitionBy?: readonly string[] };
  const kind = spec.connector as SinkKind;
  switch (kind) {
    case "delta":
      return readTable(bucket.direct, shape.schema, partitionBy);
    case "parquet":
      return parquetRows(bucket, shape.schema, partitionBy);
    case "files":
      return fileRows(bucket, shape.change === "append" ? undefined : shape.key);
    default:
      return unreachable(kind);
  }
}

interface Committed {
  readonly path: string;
  readonly partition: readonly (string | null)[];
}

/** Files in the order of their commits. */
async function committedFiles({ direct }: Bucket): Promise<Committed[]> {
  const files: Committed[] = [];
  for (const { path } of await direct.list(COMMITS)) {
    const commit = JSON.parse(Buffer.from((await direct.get(path)) ?? []).toString()) as { files: unknown };
    if (!isFiles(commit.files)) throw new Violation(`${path} has no files`);
    files.push(...commit.files);
  }
  return files;
}

async function parquetRows(
  bucket: Bucket,
  { fields }: Schema,
  partitionBy: readonly string[],
): Promise<Row[]> {
  const stored = { fields: fields.filter(({ name }) => !partitionBy.includes(name)) };
  const rows: Row[] = [];
  for (const { path, partition } of await committedFiles(bucket)) {
    const fixed = Object.fromEntries(partitionBy.map((name, index) => [name, partition[index]]));
    const bytes = await present(bucket, path);
    for (const batch of await readParquet(bytes, stored, path))
      rows.push(...rowsOf(batch).map((row) => Object.assign(Object.create(null) as Row, row, fixed)));
  }
  return rows;
}

/** The lines of files; of changes the rows that are left, by their key. */
async function fileRows(bucket: Bucket, key: readonly string[] | undefined): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (const { path } of await committedFiles(bucket)) {
    const lines = Buffer.from(await present(bucket, path))
      .toString()
      .trimEnd()
      .split("\n");
    for (const line of lines) {
      const row = JSON.parse(line) as Record<string, unknown>;
      for (const time of ["at", "windowStart", "windowEnd"]) {
        if (typeof row[time] === "string") row[time] = Date.parse(row[time]);
      }
      const name = key === undefined ? String(rows.size) : lineOf(...key.map((column) => row[column]));
      if (row["op"] === "-") rows.delete(name);
      else rows.set(name, row);
    }
  }
  return [...rows.values()];
}

async function present({ direct }: Bucket, path: string): Promise<Uint8Array> {
  const bytes = await direct.get(path);
  if (bytes === undefined) throw new Violation(`the table names ${path}, which is not there`);
  return bytes;
}
