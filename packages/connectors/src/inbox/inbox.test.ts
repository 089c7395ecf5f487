import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { t } from "@df/core";
import type { Json, LiveSource, Schema, Source, SplitReader } from "@df/core";
import { checkSource } from "@df/testing/check-source";
import { Subject } from "rxjs";
import { afterEach, describe, expect, test } from "vitest";
import { memorySource } from "../memory/source.ts";
import { fromIterable } from "../iterables/from-iterable.ts";
import { fromObservable } from "../rxjs/from-observable.ts";
import { inbox, type InboxOptions } from "./inbox.ts";
import { InboxLog, type InboxLogOptions } from "./inbox-log.ts";
import { Intake } from "./intake.ts";

const Row = t.row({ id: t.string(), n: t.int64() });
type Row = t.infer<typeof Row>;
const rows = (from: number, to: number): { id: string; n: bigint }[] =>
  Array.from({ length: to - from }, (_, i) => ({ id: `id-${from + i}`, n: BigInt(from + i) }));

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close().catch(() => {});
});

function newFile(): string {
  return join(mkdtempSync(join(tmpdir(), "inbox-")), "inbox.sqlite");
}

async function opened(source: LiveSource<Row>, options: InboxOptions<Row>): Promise<Source> {
  const spec = inbox(source, options);
  const made = await spec.open({
    schema: spec.schema,
    follow: false,
    generate: true,
    directory: tmpdir(),
    // On some machines temporary files lie in memory.
    unsafeStateFs: true,
  });
  open.push(made);
  return made;
}

async function logOf(options: Partial<InboxLogOptions> & { readonly file: string }): Promise<InboxLog> {
  const log = await InboxLog.open({
    schema: Row.schema,
    id: undefined,
    idsMax: 1000,
    budget: 1 << 30,
    ...options,
  });
  open.push(log);
  return log;
}

/** The numbers of the next `count` rows, and where the rows behind them begin. */
async function take(
  reader: SplitReader,
  count: number,
): Promise<{ readonly ns: number[]; readonly next: Json }> {
  const ns: number[] = [];
  let next: Json = null;
  while (ns.length < count) {
    const polled = await reader.poll(count - ns.length);
    if (polled === "end") break;
    if (polled === "idle") continue;
    const [, column] = polled.columns;
    if (column?.layout === "long") ns.push(...[...column.values.subarray(0, polled.length)].map(Number));
    next = polled.next;
  }
  return { ns, next };
}

test("a source behind an inbox is read in its order, and resumes from every position", async () => {
  const given = [...rows(0, 3000), { id: 7 as never, n: 0n }, ...rows(3000, 5000)];
  const spec = inbox(fromIterable(Row, given), { path: newFile(), id: "id" });
  const history: "inbox" = spec.history;
  expect(history).toBe("inbox");
  const [found] = await checkSource(spec, { columns: ["n"], rowsMax: 700 });
  expect(found?.rows.map(([n]) => n)).toEqual(rows(0, 5000).map(({ n }) => Number(n)));
  expect(found?.invalid).toMatchObject([{ reason: expect.stringMatching(/"id"/) }]);
  expect(Buffer.from(found?.invalid[0]?.raw ?? "", "hex").toString()).toBe('{"id":7,"n":0}');
});

test("what was given and not delivered is read by the next run, before what comes then", async () => {
  const path = pathToFileURL(newFile());
  const first = await opened(fromIterable(Row, rows(0, 10)), { path });
  const { next } = await take(first.read({ id: "0" }, undefined), 4);
  await first.close();
  const second = await opened(fromIterable(Row, rows(10, 12)), { path });
  expect((await take(second.read({ id: "0" }, next), 99)).ns).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
});

test("a row whose id is among the newest is left out, also after a restart; beyond them it is new", async () => {
  const path = newFile();
  const again = [...rows(0, 4), ...rows(2, 6)];
  const first = await opened(fromIterable(Row, again), { path, id: "id", idsMax: 4 });
  expect((await take(first.read({ id: "0" }, undefined), 99)).ns).toEqual([0, 1, 2, 3, 4, 5]);
  await first.close();
  const log = await logOf({ file: path, id: "id", idsMax: 4 });
  expect(log.extent).toMatchObject({ next: 6, duplicates: 2 });
  await log.append(rows(5, 6));
  expect(log.extent).toMatchObject({ next: 6, duplicates: 3 });
  await log.append(rows(0, 1));
  expect(log.extent).toMatchObject({ next: 7, duplicates: 3 });
});

test("a full inbox asks an iterable for nothing until rows are delivered", async () => {
  let asked = 0;
  async function* many(): AsyncGenerator<{ id: string; n: bigint }> {
    for (; asked < 50;) {
      await setTimeout(1);
      yield { id: "x".repeat(1000), n: BigInt(asked++) };
    }
  }
  const source = await opened(fromIterable(Row, many), { path: newFile(), budget: 5000 });
  const reader = source.read({ id: "0" }, undefined);
  let seen = await take(reader, 4);
  await setTimeout(100);
  expect(asked).toBeLessThan(15);
  const all = [...seen.ns];
  while (all.length < 50) {
    await source.committed?.(1, new Map([["0", seen.next]]));
    seen = await take(reader, 1);
    all.push(...seen.ns);
  }
  expect(all).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test("an Observable before a full inbox ends in the limit of its buffer, and what waited there is kept", async () => {
  const file = newFile();
  const rows$ = new Subject<{ id: string; n: bigint }>();
  const source = await opened(fromObservable(Row, rows$, { bufferMax: 3 }), { path: file, budget: 1 });
  const reader = source.read({ id: "0" }, undefined);
  rows$.next({ id: "a", n: 0n });
  await take(reader, 1);
  for (const row of rows(1, 9)) rows$.next(row);
  await expect(take(reader, 9)).rejects.toThrow("DF_BUFFER_FULL");
  await source.close();
  expect((await logOf({ file })).extent.next).toBe(4);
});

test("a clean close keeps all that an Observable gave", async () => {
  const file = newFile();
  const rows$ = new Subject<{ id: string; n: bigint }>();
  const source = await opened(fromObservable(Row, rows$), { path: file });
  source.read({ id: "0" }, undefined);
  for (const row of rows(0, 500)) rows$.next(row);
  await source.close();
  expect((await logOf({ file })).extent.next).toBe(500);
});

test("appends resolve when they are durable; those that came while a commit ran share the next one", async () => {
  const file = newFile();
  const log = await logOf({ file });
  const ends = await Promise.all(rows(0, 200).map((row) => log.append([row])));
  expect(new Set(ends)).toEqual(new Set([1, 200]));
  await expect(
    log.append([
      { id: "a", n: 1n },
      { id: 2, n: 1n },
    ]),
  ).rejects.toThrow(/"id".*\[DF_VALUE\]/);
  expect(log.extent.next).toBe(200);
});

test("an append to a full inbox is refused, and may be tried again after a delivery", async () => {
  const log = await logOf({ file: newFile(), budget: 100 });
  await log.append(rows(0, 50));
  await expect(log.append(rows(50, 51))).rejects.toMatchObject({ code: "DF_INBOX_FULL", transient: true });
  await log.forget(50);
  expect(await log.append(rows(50, 51))).toBe(51);
});

test("rows that are delivered give their room back to the disk", async () => {
  const file = newFile();
  const log = await logOf({ file });
  const wide = Array.from({ length: 4000 }, (_, n) => ({ id: "x".repeat(5000), n: BigInt(n) }));
  for (let i = 0; i < 3; i++) await log.append(wide);
  await log.forget(12_000);
  expect(log.extent).toMatchObject({ first: 12_000, next: 12_000, bytes: 0 });
  await log.close();
  expect(statSync(file).size).toBeLessThan(8 * 1024 * 1024);
});

describe("a position", () => {
  async function half(): Promise<{ readonly path: string; readonly next: Json; readonly source: Source }> {
    const path = newFile();
    const source = await opened(fromIterable(Row, rows(0, 10)), { path });
    const { next } = await take(source.read({ id: "0" }, undefined), 10);
    return { path, next, source };
  }

  test("of another inbox is refused", async () => {
    const { next } = await half();
    const other = await opened(fromIterable(Row, []), { path: newFile() });
    expect(() => other.read({ id: "0" }, next)).toThrow(
      /is not the one that the state has read.*\[DF_POSITION\]/,
    );
  });

  test("of an older copy of the state is refused", async () => {
    const { next, source } = await half();
    await source.committed?.(1, new Map([["0", next]]));
    const before = { ...(next as object), sequence: 3 };
    expect(() => source.read({ id: "0" }, before)).toThrow(
      /the state is an older copy.*--state-dir.*\[DF_POSITION\]/,
    );
  });

  test("that an older copy of the inbox does not have yet is refused", async () => {
    const { next, source } = await half();
    const after = { ...(next as object), sequence: 11 };
    expect(() => source.read({ id: "0" }, after)).toThrow(/the inbox is an older copy.*\[DF_POSITION\]/);
  });

  test.each([7, null, { inbox: "a" }, { inbox: "a", sequence: -1 }])("%j is none", async (position) => {
    const { source } = await half();
    expect(() => source.read({ id: "0" }, position)).toThrow("DF_POSITION");
  });
});

test("other columns are refused while rows with the former ones wait, and taken when they are delivered", async () => {
  const file = newFile();
  const log = await logOf({ file });
  await log.append(rows(0, 2));
  await log.close();
  const { schema } = t.row({ id: t.string(), n: t.float64() });
  await expect(logOf({ file, schema })).rejects.toThrow(
    /keeps 2 rows with the columns id string, n int64; the pipeline now reads id string, n float64.*\[DF_INBOX_COLUMNS\]/,
  );
  const former = await logOf({ file });
  await former.forget(2);
  await former.close();
  const changed = await logOf({ file, schema });
  expect(await changed.append([{ id: "a", n: 0.5 }])).toBe(3);
});

test("a file that is in use, damaged or no inbox is refused", async () => {
  const file = newFile();
  await logOf({ file });
  await expect(logOf({ file })).rejects.toThrow(/is using the inbox .*\[DF_ALREADY_RUNNING\]/);
  const text = newFile();
  writeFileSync(text, "no database, but long enough to be looked at ".repeat(100));
  await expect(logOf({ file: text })).rejects.toThrow(
    /is damaged, or it is another file.*\[DF_INBOX_CORRUPT\]/,
  );
  await expect(logOf({ file: join(text, "below/inbox") })).rejects.toThrow("DF_INBOX_DIRECTORY");
});

test("options that make no sense are refused", () => {
  const source = fromIterable(Row, []);
  const Nullable = t.row({ id: t.string().nullable() });
  for (const path of ["", new URL("https://example.org/inbox"), undefined as never]) {
    expect(() => inbox(source, { path })).toThrow(/path of inbox\(\).*\[DF_OPTION\]/);
  }
  expect(() => inbox(source, { path: "a", budget: 0 })).toThrow(/budget of inbox\(\) is 0/);
  expect(() => inbox(source, { path: "a", idsMax: 0.5 })).toThrow(/idsMax of inbox\(\) is 0.5/);
  // @ts-expect-error -- there is no such column
  expect(() => inbox(source, { path: "a", id: "other" })).toThrow("DF_NO_COLUMN");
  expect(() => inbox(fromIterable(Nullable, []), { path: "a", id: "id" })).toThrow(
    /may be null.*\[DF_OPTION\]/,
  );
  // @ts-expect-error -- this source can be read again
  expect(() => inbox(memorySource([], Row), { path: "a" })).toThrow(/can be read again, and needs no inbox/);
});

test("what was seen of one id column drops no row once another column is the id", async () => {
  const Both = t.row({ a: t.string(), b: t.string() });
  const file = newFile();
  const first = await logOf({ file, schema: Both.schema, id: "a" });
  expect(await first.append([{ a: "1", b: "x" }])).toBe(1);
  expect(await first.append([{ a: "1", b: "x" }])).toBe(1);
  await first.close();
  const second = await logOf({ file, schema: Both.schema, id: "b" });
  expect(await second.append([{ a: "9", b: "1" }])).toBe(2);
  expect(await second.append([{ a: "8", b: "1" }])).toBe(2);
});

test("a path that is no file is refused, with the path", async () => {
  const file = mkdtempSync(join(tmpdir(), "inbox-"));
  await expect(logOf({ file })).rejects.toThrow(
    new RegExp(`^The inbox ${file} cannot be opened: .*another path.*\\[DF_INBOX_FILE\\]$`),
  );
});

test("rows that could not be kept are kept before those behind them, or none of these is", async () => {
  const log = await logOf({ file: newFile() });
  const store = log.store.bind(log);
  let calls = 0;
  log.store = (records) => (calls++ === 0 ? Promise.reject(new Error("the disk is full")) : store(records));
  const batches = [rows(0, 3), rows(3, 5)].values();
  const source = fromIterable(Row, rows(0, 5));
  const opened = await source.open({ schema: Row.schema, follow: false, generate: true, directory: "." });
  const reader = opened.read({ id: "0" }, undefined);
  const slow = {
    ...reader,
    poll: () => reader.poll(batches.next().value?.length ?? 10),
    close: () => reader.close(),
  };
  const intake = new Intake(slow as SplitReader, Row.schema, log);
  await expect(intake.close()).rejects.toThrow("the disk is full");
  expect(log.extent).toMatchObject({ first: 0, next: 5 });
});

test("a value that its column no longer allows is not read as if it did: the former values wait to be delivered", async () => {
  const file = newFile();
  const sizes = (...values: readonly [string, ...string[]]): Schema =>
    t.row({ size: t.enum(...values) }).schema;
  const first = await logOf({ file, schema: sizes("s", "m") });
  await first.append([{ size: "m" }]);
  await first.close();
  await expect(logOf({ file, schema: sizes("s", "l") })).rejects.toThrow(
    /keeps 1 rows with the columns size string \(s, m\).*\[DF_INBOX_COLUMNS\]/,
  );
  const again = await logOf({ file, schema: sizes("s", "m") });
  await again.forget(1);
  await again.close();
  expect((await logOf({ file, schema: sizes("s", "l") })).extent).toMatchObject({ first: 1, next: 1 });
});
