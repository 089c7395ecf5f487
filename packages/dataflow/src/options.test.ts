import { expect, test } from "vitest";
import { of } from "rxjs";
import { z } from "zod";
import { consoleSink } from "./console.ts";
import { csv } from "./csv.ts";
import { delta } from "./delta.ts";
import { csvLines, files, filesSink, jsonLines } from "./files.ts";
import { generator } from "./generator.ts";
import { inbox } from "./inbox.ts";
import { type Events, pipeline, type Pipeline, t, tumbling } from "./index.ts";
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

const Event = t.row({ id: t.string(), at: t.timestamp() });
const events = memorySource([], Event);
const inPipeline = (build: (p: Pipeline) => void, options = {}) => pipeline("p", options, build).build();
const behind = (build: (stream: Events<t.infer<typeof Event>>) => void) =>
  inPipeline((p) => build(p.from("s", events, { eventTime: "at", maxOutOfOrderness: "1s" })));

test.each<[string, () => unknown, string]>([
  ["bounded of files()", () => files({ path: "a", decode: json(Row), bounded: untyped("no") }), '"no"'],
  ["bounded of memorySource()", () => memorySource([], Row, { bounded: untyped("no") }), '"no"'],
  [
    "bounded of generator()",
    () => generator({ row: Row, rows: 1, make: (n) => ({ n }), bounded: untyped(1) }),
    "1",
  ],
  ["bounded of fromIterable()", () => fromIterable(Row, [], { bounded: untyped("no") }), '"no"'],
  ["bounded of fromStream()", () => fromStream(Row, () => untyped([]), { bounded: untyped(0) }), "0"],
  ["bounded of fromObservable()", () => fromObservable(Row, of(), { bounded: untyped(null) }), "null"],
])("%s is true or false, and nothing else is taken for either", (option, make, value) => {
  expect(make).toThrow(`${option} is ${value}; it may be true or false. [DF_OPTION]`);
});

test.each<[string, () => unknown]>([
  [
    'compression of files() is "brotli"; it may be "auto", "none", "gzip" or "zstd".',
    () => files({ path: "a", decode: json(Row), compression: untyped("brotli") }),
  ],
  [
    'compression of delta() is "gzip"; it may be "snappy" or "zstd".',
    () => delta({ path: "a", compression: untyped("gzip") }),
  ],
  [
    'compression of parquet() is 5; it may be "snappy" or "zstd".',
    () => parquet({ path: "a", compression: untyped(5) }),
  ],
  ['format of consoleSink() is "table"; it may be "json".', () => consoleSink({ format: untyped("table") })],
  [
    'json of t.timestamp() is "weeks"; it may be "iso", "s", "ms" or "us".',
    () => t.timestamp({ json: untyped("weeks") }),
  ],
  ["tumbling() needs its options as an object. There are: offset.", () => tumbling("1h", untyped("5m"))],
  [
    '"p": "s": onInvalid is "skip"; it may be "fail" or a sink of a connector, such as delta({ path }).',
    () => inPipeline((p) => p.from("s", events, { onInvalid: untyped("skip") })),
  ],
  [
    '"p": "s": validate is "none"; it may be "read" or "all".',
    () => inPipeline((p) => p.from("s", events, { validate: untyped("none") })),
  ],
  [
    '"p": rejected is an object; it may be a sink of a connector, such as delta({ path }).',
    () => inPipeline(() => {}, { rejected: {} }),
  ],
  [
    '"p": secrets is "token"; it must be a list: ["token"].',
    () => inPipeline(() => {}, { secrets: "token" }),
  ],
  [
    '"p": "d": keep of dedupe() is "last"; it may be "any" or "first".',
    () => behind((s) => s.dedupe("d", { by: "id", within: "1h", keep: untyped("last") })),
  ],
  [
    '"p": "d": by of dedupe() is null; it may be a column, "id", or a list of columns, ["id", "at"].',
    () => behind((s) => s.dedupe("d", { by: untyped(null), within: "1h", keep: "any" })),
  ],
  [
    '"p": "l": by of latest() is an object; it may be a column, "id", or a list of columns, ["id", "at"].',
    () => behind((s) => s.groupBy("id").latest("l", { by: untyped({}) })),
  ],
  [
    '"p": "a": emit is "always"; it may be "final" or "onUpdate".',
    () =>
      behind((s) =>
        s.window(tumbling("1h")).aggregate("a", (a) => ({ n: a.count() }), { emit: untyped("always") }),
      ),
  ],
  [
    '"p": "s.select": The unit of truncate() is "week"; it may be "minute", "hour" or "day".',
    () => behind((s) => s.select((c) => ({ week: c("at").truncate(untyped("week")) }))),
  ],
])("a value that no option has is refused with the option and what it may be: %s", (words, make) => {
  expect(make).toThrow(words);
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
