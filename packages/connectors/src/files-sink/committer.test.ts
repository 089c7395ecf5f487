import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t } from "@df/core";
import type { ChangeMode, CommitterContext, Delivered, Intent, Json, Marker, Shape } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { batchOf } from "@df/core/batch/rows";
import { csvFields } from "@df/formats/text/lines.testing";
import { csvLines, jsonLines } from "@df/formats/text/text-format";
import type { TextFormat } from "@df/formats/text/text-format";
import { checkSink, crashing, Crashes, MemoryKeyIndex, SinkDriver, stateAfter } from "@df/testing";
import type { LogRow, SinkTarget } from "@df/testing";
import { describe, expect, test } from "vitest";
import { readManifest } from "../lake/manifest.ts";
import { localStore } from "../object-store/local-store.ts";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { parquetCommitter } from "../parquet/committer.ts";
import { committerFactory, filesCommitter } from "./committer.ts";
import { filesSink } from "./files-sink.ts";

const Row = t.row({ id: t.int64(), city: t.string().nullable(), at: t.timestamp() });
const shapeOf = (change: ChangeMode): Shape => ({
  schema: Row.schema,
  change,
  key: change === "append" ? [] : ["id"],
  timed: false,
});
const append = shapeOf("append");
const FORMATS: readonly TextFormat[] = [jsonLines(), csvLines(), csvLines({ header: false })];
/** A line or two fill a file. */
const FILE_BYTES = 100;

const row = (id: number, city: string | null): Record<string, unknown> => ({
  id: BigInt(id),
  city,
  at: id * 1000,
});
const change = (id: number, city: string | null, diff: number): LogRow => ({ row: row(id, city), diff });
const cities = ["Bern", null, 'a"/,\nb', "", "+"];
const delivery = (from: number, count: number): LogRow[] =>
  Array.from({ length: count }, (_, i) => ({ row: row(from + i, cities[i % cities.length] ?? null) }));

/** A line of a file: what `op` says, and the row. */
interface Line {
  readonly op: string | undefined;
  readonly row: Record<string, unknown>;
}

/** The lines of the files that the manifest names, in its order. */
async function committedLines(store: ObjectStore, format: TextFormat): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { path, rows } of (await readManifest(store)).files) {
    const bytes = await store.get(path);
    if (bytes === undefined) throw new Error(`${path} is named and not there`);
    const found = linesOf(format, new TextDecoder().decode(bytes));
    expect(found).toHaveLength(rows);
    lines.push(...found);
  }
  return lines;
}

function linesOf(format: TextFormat, text: string): Line[] {
  const cells = format.kind === "csv" ? csvFields(text) : text.trimEnd().split("\n").map(jsonCells);
  const names = format.kind === "csv" && format.header ? cells.shift() : undefined;
  return cells.map((line) => {
    const [op, id, city, at] = line.length === 4 ? line : [undefined, ...line];
    const expected = [...(op === undefined ? [] : ["op"]), "id", "city", "at"];
    expect(names ?? expected).toEqual(expected);
    const millis = at === null || at === undefined ? null : Date.parse(at);
    return { op: op ?? undefined, row: { id: BigInt(id ?? 0), city: city ?? null, at: millis } };
  });
}

function jsonCells(line: string): (string | null)[] {
  return Object.values(JSON.parse(line) as Record<string, string | number | null>).map((cell) =>
    typeof cell === "number" ? String(cell) : cell,
  );
}

const asLog = (lines: readonly Line[]): LogRow[] =>
  lines.map(({ op, row: given }) => ({ row: given, diff: op === "-" ? -1 : 1 }));

/** What somebody sees who reads all data files, whatever the manifest says. */
async function patternPaths(store: ObjectStore): Promise<string[]> {
  return (await store.list(""))
    .map(({ path }) => path)
    .filter((path) => /^data-[^/]*\.(csv|jsonl)$/.test(path));
}

describe.each(FORMATS)("a directory of files, $kind $header", (format) => {
  const target =
    (input: Shape) =>
    async (crashes: Crashes): Promise<SinkTarget> => {
      const store = memoryStore();
      const options = { path: "out", partitionBy: [], format };
      return {
        options,
        factory: {
          open: async (_, context) => filesCommitter(crashing(store, crashes), options, context, FILE_BYTES),
        },
        read: async () => {
          // Those who read by pattern see the same in the same order, once all that was decided is committed.
          const { files } = await readManifest(store);
          expect(await patternPaths(store)).toEqual(files.map(({ path }) => path));
          return stateAfter(input, asLog(await committedLines(store, format)));
        },
      };
    };

  test("shows every row exactly once through its manifest, whatever crashes, repeats and races", async () => {
    await checkSink({
      shape: append,
      deliveries: [[], delivery(0, 5), delivery(10, 1), [], delivery(20, 7)],
      crashesMax: 80,
      target: target(append),
    });
  }, 60_000);

  test("shows every retraction exactly once, and hashes the rows that are left", async () => {
    const shape = shapeOf("retract");
    await checkSink({
      shape,
      deliveries: [
        [change(1, "Bern", 1), change(2, null, 3)],
        [],
        [change(1, "Bern", -1), change(1, "Genf", 1), change(2, null, -2)],
        [change(1, "Genf", -1), change(3, "", 1), change(3, "", -1)],
      ],
      crashesMax: 80,
      target: target(shape),
    });
  }, 60_000);

  test("shows every upsert exactly once and in order, and hashes the changes", async () => {
    const shape = shapeOf("upsert");
    const deletion = (id: number): LogRow => ({ row: { id: BigInt(id) }, diff: -1 });
    const deliveries = [
      [change(1, "Bern", 1), change(2, null, 1), change(1, "Genf", 1)],
      [],
      [deletion(1), change(2, "", 1)],
      [change(1, "x", 1), deletion(2), deletion(7)],
    ];
    const expected = deliveries.flat().map(({ row: given, diff }) => ({
      op: diff === 1 ? "+" : "-",
      row: { city: null, at: null, ...given },
    }));
    let points = 1;
    for (let point = 1; point <= points; point += 3) {
      const crashes = new Crashes();
      const store = memoryStore();
      const options = { path: "out", partitionBy: [], format };
      const open: (typeof committerFactory)["open"] = async (_, context) =>
        filesCommitter(crashing(store, crashes), options, context, FILE_BYTES);
      const driver = new SinkDriver({
        factory: { open },
        options,
        directory: "/",
        shape,
        crashes,
        batchRows: 2,
      });
      // The first run only counts the points.
      if (points > 1) crashes.arm(point);
      for (let i = 0; i < deliveries.length;) {
        try {
          await driver.deliver({ epoch: i + 1, rows: deliveries[i] ?? [] });
          i++;
        } catch {
          crashes.restart();
          await driver.stop();
        }
      }
      points = Math.max(points, crashes.passed);
      const lines = await committedLines(store, format);
      expect(lines).toEqual(expected);
      expect(driver.delivered?.contentHash).toBe(hashOfLines(lines));
    }
    expect(points).toBeGreaterThan(100);
  }, 60_000);
});

/** The content hash of rows with a column `op`, each added once. */
function hashOfLines(lines: readonly Line[]): string {
  const { schema } = t.row({
    op: t.string(),
    id: t.int64(),
    city: t.string().nullable(),
    at: t.timestamp().nullable(),
  });
  const sum = new ContentHash();
  const codec = new CanonicalCodec(schema);
  for (const { op, row: given } of lines) sum.add(codec.encode(batchOf(schema, [{ op, ...given }]), 0));
  return sum.toString();
}

function contextOf(changes: Partial<CommitterContext> = {}): CommitterContext {
  const index = new MemoryKeyIndex();
  async function* held() {}
  return { pipeline: "p", sink: "s", lineage: "l", directory: "/", input: append, index, held, ...changes };
}

const options = { path: "out", partitionBy: [], format: jsonLines() };

async function staged(store: ObjectStore, epoch: number, rows: readonly object[]): Promise<Intent> {
  const committer = filesCommitter(store, options, contextOf(), FILE_BYTES);
  await committer.prepare();
  async function* batches() {
    for (const one of rows) yield batchOf(Row.schema, [one]);
  }
  const made = await committer.stage({ batches: batches(), through: epoch, positions: null, clock: 0 });
  const { contentHash, manifest } = made;
  const marker: Marker = {
    pipeline: "p",
    lineage: "l",
    epoch,
    hash: `h${epoch}`,
    positions: null,
    clock: null,
    contentHash,
  };
  return { marker, follows: (await committer.marker())?.hash ?? null, manifest };
}

async function commit(store: ObjectStore, intent: Intent): Promise<Delivered> {
  const committer = filesCommitter(store, options, contextOf());
  await committer.prepare();
  const { epoch, hash, contentHash } = intent.marker;
  return { epoch, hash, contentHash, ...(await committer.commit(intent)) };
}

describe("files", () => {
  test("are kept away from whoever reads *.jsonl, until they are committed", async () => {
    const store = memoryStore();
    const intent = await staged(store, 1, [row(1, "Bern")]);
    expect(await patternPaths(store)).toEqual([]);
    await commit(store, intent);
    expect(await patternPaths(store)).toHaveLength(1);
    expect((await store.list("")).filter(({ path }) => path.endsWith(".staged"))).toEqual([]);
  });

  test("are full at the bytes given, and sort by name as their rows came, also from the 10th epoch on", async () => {
    const store = memoryStore();
    const rows = Array.from({ length: 30 }, (_, id) => row(id, "Bern"));
    await commit(store, await staged(store, 9, rows.slice(0, 24)));
    await commit(store, await staged(store, 10, rows.slice(24)));
    const paths = await patternPaths(store);
    // A line has 53 bytes or 54.
    expect(paths).toHaveLength(15);
    const texts = await Promise.all(
      paths.map(async (path) => Buffer.from((await store.get(path)) ?? []).toString()),
    );
    expect(linesOf(options.format, texts.join("")).map((line) => line.row)).toEqual(rows);
  });

  test("that were staged and lost are named, and nothing of that epoch is shown", async () => {
    const store = memoryStore();
    const intent = await staged(store, 1, [row(1, "Bern")]);
    const path = (await store.list("")).find((object) => object.path.endsWith(".staged"))?.path ?? "";
    await store.delete(path);
    await expect(commit(store, intent)).rejects.toThrow(
      /"\.data-0+1-.*\.jsonl\.staged".*is gone.*\[DF_STAGED_LOST\]/,
    );
    expect(await committedLines(store, options.format)).toEqual([]);
  });

  test("are not mixed with files of another format or other changes", async () => {
    const store = memoryStore();
    await staged(store, 1, []);
    const refused = (format: TextFormat, input: Shape): Promise<void> =>
      filesCommitter(store, { ...options, format }, contextOf({ input })).prepare();
    await expect(refused(csvLines(), append)).rejects.toThrow(
      'The directory of files at "out" holds rows as JSON Lines; sink "s" writes rows as CSV with a header line. ' +
        'Write to a new path: filesSink({ path: "…" }). [DF_SINK_FORMAT]',
    );
    await expect(refused(jsonLines(), shapeOf("retract"))).rejects.toThrow(
      /retractions as JSON Lines.*FORMAT/,
    );
    await expect(refused(jsonLines(), shapeOf("upsert"))).rejects.toThrow(
      /upserts by \(id\) as JSON Lines.*FORMAT/,
    );
    await expect(refused(jsonLines(), append)).resolves.toBeUndefined();
    const other = parquetCommitter(store, options, contextOf());
    await expect(other.prepare()).rejects.toThrow(
      /"dataflow-files", not "dataflow-parquet".*\[DF_SINK_CORRUPT\]/,
    );
    await other.close();
  });

  test("let others work between two batches while they are staged", async () => {
    const seen: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    const committer = filesCommitter(memoryStore(), options, contextOf());
    async function* batches() {
      for (let i = 0; i < 200; i++) {
        seen.push(ticks);
        yield batchOf(
          Row.schema,
          Array.from({ length: 1000 }, (_, id) => row(id, "Bern")),
        );
      }
    }
    await committer.stage({ batches: batches(), through: 1, positions: null, clock: 0 });
    clearInterval(timer);
    expect(seen.at(-1)).toBeGreaterThan(1);
  });
});

test("filesSink() writes to the directory it names, relative to where the command runs", async () => {
  const directory = await mkdtemp(join(tmpdir(), "dataflow-files-"));
  try {
    const spec = filesSink({ path: "out", format: csvLines() });
    const stored = JSON.parse(JSON.stringify(spec.options)) as Json;
    const input = shapeOf("upsert");
    const crashes = new Crashes();
    const driver = new SinkDriver({
      factory: committerFactory,
      options: stored,
      directory,
      shape: input,
      crashes,
      batchRows: 10,
    });
    await driver.deliver({ epoch: 1, rows: [change(1, "Bern", 1), { row: { id: 1n }, diff: -1 }] });
    await driver.stop();
    const store = localStore(join(directory, "out"));
    const [path = ""] = await patternPaths(store);
    expect(Buffer.from((await store.get(path)) ?? []).toString()).toBe(
      "op,id,city,at\n+,1,Bern,1970-01-01T00:00:01Z\n-,1,,\n",
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("filesSink() refuses what it cannot write", () => {
  const format = jsonLines();
  expect(() => filesSink({ path: "s3://bucket/x", format })).toThrow(
    /filesSink\(\).*local directory.*\[DF_OPTION\]/,
  );
  expect(() => filesSink({ path: "out", format: { kind: "xml" } as never })).toThrow(
    /no format of lines.*\[DF_OPTION\]/,
  );
  const sink = filesSink({ path: "out", format });
  const { schema } = t.row({ op: t.string() });
  expect(() => sink.check({ ...shapeOf("retract"), schema })).toThrow(/column "op".*\[DF_COLUMN\]/);
  expect(() => sink.check({ ...append, schema })).not.toThrow();
  expect(() => sink.check({ ...shapeOf("upsert"), key: [] })).toThrow(/without a key.*\[DF_CHANGE\]/);
  expect(() => sink.check(shapeOf("upsert"))).not.toThrow();
  const alone: Shape = { ...append, schema: t.row({ note: t.string().nullable() }).schema };
  const asCsv = filesSink({ path: "out", format: csvLines() });
  expect(() => asCsv.check(alone)).toThrow(/"note".*empty line of CSV.*\[DF_COLUMN\]/);
  expect(() => asCsv.check({ ...alone, change: "retract" })).not.toThrow();
  expect(() => asCsv.check(append)).not.toThrow();
  expect(() => sink.check(alone)).not.toThrow();
});
