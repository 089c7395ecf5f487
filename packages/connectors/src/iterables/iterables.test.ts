import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { t } from "@df/core";
import type { LiveSource, SplitReader } from "@df/core";
import { expect, test } from "vitest";
import { fromIterable } from "./from-iterable.ts";
import { fromStream } from "./from-stream.ts";

const Row = t.row({ n: t.int32() });
const rows = Array.from({ length: 100 }, (_, n) => ({ n }));

async function readerOf(spec: LiveSource<unknown>): Promise<SplitReader> {
  const source = await spec.open({ schema: spec.schema, follow: false, generate: true, directory: "." });
  const [split] = await source.splits();
  return source.read(split ?? { id: "" }, undefined);
}

async function numbersOf(spec: LiveSource<unknown>): Promise<number[]> {
  const reader = await readerOf(spec);
  const found: number[] = [];
  for (;;) {
    const polled = await reader.poll(7);
    if (polled === "end") break;
    if (polled === "idle") continue;
    const [column] = polled.columns;
    if (column?.layout === "int") found.push(...column.values.subarray(0, polled.length));
  }
  await reader.close();
  return found;
}

async function* asynchronous(): AsyncGenerator<{ n: number }> {
  for (const row of rows) {
    if (row.n % 9 === 0) await new Promise((resolve) => setImmediate(resolve));
    yield row;
  }
}

test.each([
  ["an array", () => fromIterable(Row, rows)],
  ["a generator", () => fromIterable(Row, rows.values())],
  ["a function", () => fromIterable(Row, () => rows)],
  ["an asynchronous generator", () => fromIterable(Row, asynchronous())],
  ["an asynchronous generator function", () => fromIterable(Row, asynchronous)],
  ["a stream of Node", () => fromStream(Row, Readable.from(rows))],
  ["a function that makes a stream", () => fromStream(Row, () => Readable.from(rows))],
  ["a web stream", () => fromStream(Row, ReadableStream.from(rows) as ReadableStream<{ n: number }>)],
] as const)("%s is read to its end, in its order", async (_what, make) => {
  expect(await numbersOf(make())).toEqual(rows.map(({ n }) => n));
});

test("its type and its spec say that it is read once, and that its end is not the end of the input", () => {
  const source = fromIterable(Row, rows);
  const history: "none" = source.history;
  expect([history, source.bounded, source.rows]).toEqual(["none", false, "events"]);
  expect(fromIterable(Row, rows, { bounded: true }).bounded).toBe(true);
});

test("what can be read once only is refused a second time; an array and a function are not", async () => {
  const used = fromIterable(Row, asynchronous());
  await numbersOf(used);
  await expect(readerOf(used)).rejects.toThrow(/Give a function that makes a new one.*\[DF_SOURCE_USED\]/);
  for (const again of [fromIterable(Row, rows), fromIterable(Row, asynchronous)]) {
    expect(await numbersOf(again)).toEqual(await numbersOf(again));
  }
});

test("what is no iterable, no stream or a stream of bytes is refused with the way on", async () => {
  await expect(readerOf(fromIterable(Row, 7 as never))).rejects.toThrow(/needs an array.*\[DF_OPTION\]/);
  await expect(readerOf(fromStream(Row, {} as never))).rejects.toThrow(/needs a Readable.*\[DF_OPTION\]/);
  const bytes = fromStream(Row, Readable.from(Buffer.from("{}"), { objectMode: false }));
  await expect(readerOf(bytes)).rejects.toThrow(/stream of bytes.*createInterface.*\[DF_OPTION\]/);
});

test("a stream is destroyed, or cancelled, when its reader closes, also while a row is awaited", async () => {
  const node = new Readable({ objectMode: true, read: () => {} });
  const first = await readerOf(fromStream(Row, node));
  expect(await first.poll(1)).toBe("idle");
  await first.close();
  expect(node.destroyed).toBe(true);
  let cancelled = false;
  const web = new ReadableStream<{ n: number }>({
    cancel: () => {
      cancelled = true;
    },
  });
  const second = await readerOf(fromStream(Row, web));
  expect(await second.poll(1)).toBe("idle");
  await second.close();
  expect(cancelled).toBe(true);
});

test("a stream that fails stops its reader, with its words", async () => {
  const failing = Readable.from(
    (function* (): Generator<{ n: number }> {
      yield { n: 1 };
      throw new Error("the disk is gone");
    })(),
  );
  const reader = await readerOf(fromStream(Row, failing));
  const polls = async (): Promise<void> => {
    for (;;) await reader.poll(1);
  };
  await expect(polls()).rejects.toThrow(
    /fromStream\(\) failed after \d rows .*the disk is gone \[DF_SOURCE_FAILED\]/,
  );
});
