import { t } from "@df/core";
import type { LiveSource, SplitReader } from "@df/core";
import { from, NEVER, range, repeat, Subject, take, throwError, toArray, lastValueFrom, map } from "rxjs";
import { expect, test } from "vitest";
import { fromObservable } from "./from-observable.ts";
import { toObservable } from "./to-observable.ts";

const Row = t.row({ n: t.int32() });

async function readerOf(spec: LiveSource<unknown>): Promise<SplitReader> {
  const source = await spec.open({ schema: spec.schema, follow: false, generate: true, directory: "." });
  return source.read({ id: "0" }, undefined);
}

test("rows that an Observable gives are read, and its completion is the end", async () => {
  const rows$ = new Subject<{ n: number }>();
  const reader = await readerOf(fromObservable(Row, rows$));
  rows$.next({ n: 1 });
  rows$.next({ n: 2 });
  expect(await reader.poll(10)).toMatchObject({ length: 2, next: 2 });
  expect(await reader.poll(10)).toBe("idle");
  const waiting = reader.poll(10);
  rows$.next({ n: 3 });
  expect(await waiting).toMatchObject({ length: 1, next: 3 });
  rows$.complete();
  expect(await reader.poll(10)).toBe("end");
});

test("an Observable without end that gives all at once is left at the limit of the buffer", async () => {
  const endless$ = range(0, 10).pipe(
    repeat(),
    map((n) => ({ n })),
  );
  const reader = await readerOf(fromObservable(Row, endless$, { bufferMax: 25 }));
  expect(await reader.poll(100)).toMatchObject({ length: 25 });
  await expect(reader.poll(100)).rejects.toThrow(/25 wait, which is its bufferMax.*\[DF_BUFFER_FULL\]/);
});

test("the error of an Observable stops its reader", async () => {
  const reader = await readerOf(
    fromObservable(
      Row,
      throwError(() => new Error("lost")),
    ),
  );
  await expect(reader.poll(1)).rejects.toThrow("fromObservable() failed: lost. [DF_SOURCE_FAILED]");
});

test("a reader that closes unsubscribes", async () => {
  const rows$ = new Subject<{ n: number }>();
  const reader = await readerOf(fromObservable(Row, rows$));
  expect(rows$.observed).toBe(true);
  await reader.close();
  expect(rows$.observed).toBe(false);
});

test("what is no Observable, and a buffer of no rows, are refused", () => {
  expect(() => fromObservable(Row, [] as never)).toThrow("DF_OPTION");
  expect(() => fromObservable(Row, NEVER, { bufferMax: 0 })).toThrow(/bufferMax .* is 0.*\[DF_OPTION\]/);
});

test("an asynchronous iterable is an Observable, with its end and its error", async () => {
  const values = (async function* () {
    yield 1;
    yield 2;
  })();
  expect(await lastValueFrom(toObservable(values).pipe(toArray()))).toEqual([1, 2]);
  // oxlint-disable-next-line require-yield -- it fails before it yields
  const failing = (async function* (): AsyncGenerator<number> {
    throw new Error("failed");
  })();
  await expect(lastValueFrom(toObservable(failing))).rejects.toThrow("failed");
});

test("unsubscribing ends the iteration at once", async () => {
  let returned = false;
  const silent: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: async () => {
        returned = true;
        return { done: true, value: undefined };
      },
    }),
  };
  toObservable(silent).subscribe().unsubscribe();
  expect(returned).toBe(true);
});

test("a slow subscriber is not handed the next value before it is done", async () => {
  let given = 0;
  async function* values(): AsyncGenerator<number> {
    for (;;) yield given++;
  }
  const seen = await lastValueFrom(toObservable(values()).pipe(take(3), toArray()));
  expect([seen, given]).toEqual([[0, 1, 2], 3]);
  expect(await lastValueFrom(from([1]).pipe(toArray()))).toEqual([1]);
});
