import { expect, test } from "vitest";
import { of } from "rxjs";
import { z } from "zod";
import { consoleSink } from "./console.ts";
import { csv } from "./csv.ts";
import { delta } from "./delta.ts";
import { csvLines, files, filesSink, jsonLines } from "./files.ts";
import { generator } from "./generator.ts";
import { inbox } from "./inbox.ts";
import { pipeline, t } from "./index.ts";
import { fromIterable, fromStream } from "./iterables.ts";
import { json } from "./json.ts";
import { lines } from "./lines.ts";
import { memorySource } from "./memory.ts";
import { parquet } from "./parquet.ts";
import { fromObservable } from "./rxjs.ts";
import { untyped } from "./stand-ins.ts";

const Row = t.row({ n: t.int() });
const wrong: object = { bonded: true };
const rows = fromIterable(Row, []);

test.each<[string, () => unknown, RegExp]>([
  ["files()", () => files({ path: "a", decode: json(Row), ...wrong }), /path, decode, bounded/],
  ["json()", () => json(Row, untyped(wrong)), /recordBytesMax/],
  ["csv()", () => csv(Row, untyped(wrong)), /header, delimiter/],
  ["lines()", () => lines(untyped(wrong)), /recordBytesMax/],
  ["memorySource()", () => memorySource([], Row, untyped(wrong)), /bounded/],
  ["fromIterable()", () => fromIterable(Row, [], untyped(wrong)), /bounded/],
  ["fromStream()", () => fromStream(Row, untyped({}), untyped(wrong)), /bounded/],
  ["fromObservable()", () => fromObservable(Row, of(), untyped(wrong)), /bufferMax, bounded/],
  [
    "generator()",
    () => generator({ row: Row, rows: 1, make: (n) => ({ n }), ...wrong }),
    /row, rows, splits/,
  ],
  ["inbox()", () => inbox(rows, { path: "a", ...wrong }), /path, id, idsMax, budget/],
  ["delta()", () => delta({ path: "a", ...wrong }), /path, partitionBy/],
  ["parquet()", () => parquet({ path: "a", ...wrong }), /path, partitionBy/],
  ["filesSink()", () => filesSink({ path: "a", format: jsonLines(), ...wrong }), /path, format/],
  ["csvLines()", () => csvLines(untyped(wrong)), /header/],
  ["consoleSink()", () => consoleSink(untyped(wrong)), /format/],
])("%s refuses an option that is misspelt, naming those there are", (verb, make, names) => {
  expect(make).toThrow(`${verb} has no option "bonded". There are: `);
  expect(make).toThrow(names);
});

const bare: typeof Row = untyped({ n: t.int() });
const ofZod: typeof Row = untyped(z.object({ n: z.int() }));
test.each<[string, () => unknown]>([
  ["json(Row)", () => json(bare)],
  ["csv(Row)", () => csv(ofZod)],
  ["memorySource(rows, Row)", () => memorySource(untyped(Row), untyped([]))],
  ["fromIterable(Row, …)", () => fromIterable(untyped(undefined), [])],
  ["fromObservable(Row, …)", () => fromObservable(ofZod, of())],
  ["generator({ row: Row, … })", () => generator({ row: bare, rows: 1, make: (n) => ({ n }) })],
  ["params: Row", () => pipeline("p", { params: bare }, () => {})],
])("%s says what a row type is where it is given none", (usage, make) => {
  expect(make).toThrow(`${usage} needs a row type: const Row = t.row({ id: t.string() }), or fromZod(`);
});

test("a type that is not called is no column", () => {
  expect(() => t.row({ id: t.string(), n: untyped(() => t.int()) })).toThrow(
    'Column "n" has no type of the kit. Call one for it: n: t.string(). [DF_SCHEMA]',
  );
});

test("map() without its columns says that they come first", () => {
  const build = (): unknown =>
    pipeline("p", (p) => {
      p.from("n", memorySource([{ n: 1 }], Row)).map(
        untyped((row: { n: number }) => row),
        untyped(undefined),
      );
    }).build();
  expect(build).toThrow(
    "map() needs its columns declared first: map({ id: t.string() }, (row) => …). [DF_SCHEMA]",
  );
});

test("files() without a path says so", () => {
  expect(() => files(untyped({ decode: json(Row) }))).toThrow("files() has no path.");
});
