import { expect, test } from "vitest";
import { encodeFrames } from "../batch/frame.ts";
import { batchOf } from "../batch/rows.ts";
import type { Change } from "../batch/changes.ts";
import { t } from "../schema/kit.ts";
import { Readers } from "./readers.ts";

const { schema } = t.row({ n: t.int32() });
const shape = { schema, change: "append", key: [], timed: false } as const;
const frames = (...numbers: readonly number[]): Uint8Array[] =>
  encodeFrames([
    batchOf(
      schema,
      numbers.map((n) => ({ n })),
    ),
  ]);

function show(readers: Readers, ...numbers: readonly number[]): void {
  for (const reader of readers.of("sink")) reader.show(frames(...numbers));
}

async function numbersOf(changes: AsyncIterable<Change>): Promise<unknown[]> {
  const numbers: unknown[] = [];
  for await (const { after } of changes) numbers.push(after?.["n"]);
  return numbers;
}

test("each loop is told what is shown after it has begun, until the run ends", async () => {
  const readers = new Readers();
  const changes = readers.changes("sink", shape);
  const first = numbersOf(changes);
  show(readers, 1, 2);
  const second = numbersOf(changes);
  show(readers, 3);
  readers.end(undefined);
  expect(await Promise.all([first, second, numbersOf(changes)])).toEqual([[1, 2, 3], [3], []]);
});

test("a sink is busy until each of its readers has asked for what comes behind the last change", async () => {
  const readers = new Readers();
  const reader = readers.changes("sink", shape)[Symbol.asyncIterator]();
  expect(readers.busy("sink")).toBe(false);
  show(readers, 1);
  const busy = [readers.busy("sink"), readers.busy("other")];
  await reader.next();
  busy.push(readers.busy("sink"));
  const waiting = reader.next();
  await Promise.resolve();
  busy.push(readers.busy("sink"));
  readers.end(undefined);
  expect([busy, await waiting]).toEqual([[true, false, true, false], { done: true, value: undefined }]);
});

test("a reader that leaves holds nobody up, and is done at once, also while it waits", async () => {
  const readers = new Readers();
  const loop = (async () => {
    for await (const change of readers.changes("sink", shape)) return change.after;
    return undefined;
  })();
  const waiting = readers.changes("sink", shape)[Symbol.asyncIterator]();
  const next = waiting.next();
  show(readers, 1, 2);
  expect([await loop, await next]).toMatchObject([{ n: 1 }, { value: { after: { n: 1 } } }]);
  await waiting.next();
  const last = waiting.next();
  await Promise.resolve();
  await waiting.return?.();
  expect([await last, readers.of("sink")]).toEqual([{ done: true, value: undefined }, []]);
});

test("a run that failed throws in the loops over it, behind what it had shown", async () => {
  const readers = new Readers();
  const told: unknown[] = [];
  const loop = (async () => {
    for await (const { after } of readers.changes("sink", shape)) told.push(after?.["n"]);
  })();
  show(readers, 1);
  const failure = { error: new Error("no disk"), told: false };
  readers.end(failure);
  await expect(loop).rejects.toThrow("no disk");
  expect([told, failure.told]).toEqual([[1], true]);
});
