import fc from "fast-check";
import { expect, test } from "vitest";
import type { Marker, Position, Source, SplitReader } from "../connector.ts";
import { Cut } from "./cut.ts";

/** Splits of as many records as their ids say; a position is the number of records before it. */
function source(ids: readonly string[], isComparable: boolean): Source {
  const readerOf = (length: number, first: number): SplitReader => {
    let at = first;
    return {
      poll: async (rowsMax) => {
        if (at >= length) return "end";
        const rows = Math.min(rowsMax, length - at);
        const positions = Float64Array.from({ length: rows }, (_, row) => at + row);
        at += rows;
        return { length: rows, columns: [], positions, invalid: [], next: at };
      },
      close: async () => {},
    };
  };
  return {
    splits: async () => ids.map((id) => ({ id })),
    read: ({ id }, position) => readerOf(Number(id), Number(position ?? 0)),
    close: async () => {},
    ...(isComparable ? { isBefore: (a: Position, b: Position) => Number(a) < Number(b) } : {}),
  };
}

function marker(positions: Readonly<Record<string, number>>, live: readonly string[] = []): Marker {
  const known = { pipeline: "p", lineage: "l", epoch: 1, hash: "h", clock: null, contentHash: "c" };
  return { ...known, positions: { s: positions }, live: { s: live } };
}

/** Polls until it is silent or has ended; the positions of what came, and which of the two. */
async function readAll(reader: SplitReader, rowsMax: number): Promise<{ rows: number[]; last: string }> {
  const rows: number[] = [];
  for (;;) {
    const answer = await reader.poll(rowsMax);
    if (typeof answer === "string") return { rows, last: answer };
    rows.push(...answer.positions);
  }
}

test("a split is read from any position exactly up to the marker's, however many rows are asked for", async () => {
  const cases = fc.record({
    length: fc.integer({ min: 1, max: 60 }),
    ends: fc.tuple(fc.nat(60), fc.nat(60)),
    rowsMax: fc.integer({ min: 1, max: 70 }),
    isComparable: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ length, ends, rowsMax, isComparable }) => {
      const [from = 0, to = 0] = ends.map((end) => Math.min(end, length)).toSorted((a, b) => a - b);
      const cut = new Cut(marker({ [length]: to }));
      const reader = cut
        .source("s", source([String(length)], isComparable))
        .read({ id: String(length) }, from);
      const { rows, last } = await readAll(reader, rowsMax);
      expect(rows).toEqual(Array.from({ length: to - from }, (_, index) => from + index));
      expect(last).toBe("end");
    }),
  );
});

test("splits wait for each other at the marker; then those end that had ended, and live ones stay silent", async () => {
  const cut = new Cut(marker({ "5": 5, "9": 3 }, ["9", "7"]));
  const cutSource = cut.source("s", source(["5", "6", "7", "9"], true));
  expect(await cutSource.splits()).toEqual([{ id: "5" }, { id: "7" }, { id: "9" }]);
  const [ended, unread, live] = ["5", "7", "9"].map((id) => cutSource.read({ id }, undefined));
  expect([cut.splits, cut.endings, cut.isReached]).toEqual([3, 1, false]);
  expect(await readAll(ended as SplitReader, 2)).toEqual({ rows: [0, 1, 2, 3, 4], last: "idle" });
  expect(await readAll(unread as SplitReader, 2)).toEqual({ rows: [], last: "idle" });
  expect(cut.isReached).toBe(false);
  expect(await readAll(live as SplitReader, 2)).toEqual({ rows: [0, 1, 2], last: "idle" });
  expect(cut.isReached).toBe(true);
  expect(await readAll(ended as SplitReader, 2)).toEqual({ rows: [], last: "end" });
  expect(await readAll(live as SplitReader, 2)).toEqual({ rows: [], last: "idle" });
});

test("a split that ends before the marker, or is gone, is told", async () => {
  const cut = new Cut(marker({ "5": 7, "8": 1 }));
  const short = cut.source("s", source(["5"], true)).read({ id: "5" }, undefined);
  await expect(readAll(short, 4)).rejects.toThrow(
    /split 5 up to 7, and the split ends before it.*DF_ADOPT_SOURCE/,
  );
  expect(await cut.missing(new Map([["s", source(["5"], true)]]))).toEqual(["8"]);
});

test("a source comes to the clock of the marker at the cut, and to none behind it before", async () => {
  const sources = { s: { clock: 30, status: "live" as const } };
  const cut = new Cut({ ...marker({ "5": 5 }), sources });
  const reader = cut.source("s", source(["5"], true)).read({ id: "5" }, undefined);
  expect(cut.clockOf("s", { clock: 20, status: "ended" })).toEqual({ clock: 20, status: "live" });
  expect(cut.clockOf("s", { clock: 40, status: "ended" })).toEqual({ clock: 30, status: "live" });
  await readAll(reader, 9);
  expect(cut.clockOf("s", { clock: 20, status: "ended" })).toEqual({ clock: 30, status: "live" });
  // One that the marker does not know, as in all markers of older versions, is left as it is.
  expect(cut.clockOf("t", { clock: 20, status: "idle" })).toEqual({ clock: 20, status: "idle" });
});
