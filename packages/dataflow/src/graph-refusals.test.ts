import type { ChangeMode } from "@df/core";
import { describe, expect, test } from "vitest";
import { pipeline, t, tumbling } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Order = t.row({
  id: t.string(),
  userId: t.string(),
  cents: t.int64(),
  at: t.timestamp(),
  note: t.string().nullable(),
});
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;

const table = standInSink<ChangeMode>(["append", "upsert", "retract"]);
const refused = (build: (p: Pipeline) => void): string => refusal(() => pipeline("p", build));

describe("the graph is refused where it is wrong, naming the node", () => {
  const orders = (p: Pipeline) => p.from("orders", standInSource(Order), clock);
  test.each<[string, (p: Pipeline) => unknown, string[]]>([
    [
      "an async lambda",
      (p) => orders(p).filter(untyped(async () => true)),
      ["DF_ASYNC_LAMBDA", '"orders.filter"'],
    ],
    [
      "a generator",
      (p) =>
        orders(p).tap(function* () {
          yield 1;
        }),
      ["DF_ASYNC_LAMBDA", '"orders.tap"'],
    ],
    ["no lambda", (p) => orders(p).filter(untyped("x")), ["DF_LAMBDA", "not string"]],
    [
      "a column that is not there",
      (p) => orders(p).keyBy(untyped("user")),
      ["DF_NO_COLUMN", '"user"', "userId"],
    ],
    ["a key of nothing", (p) => (orders(p) as unknown as { keyBy(): void }).keyBy(), ["DF_KEY"]],
    [
      "a misspelt option",
      (p) => p.from("x", standInSource(Order), untyped({ evntTime: "at" })),
      ["DF_OPTION", "evntTime"],
    ],
    [
      "event time of another type",
      (p) => p.from("x", standInSource(Order), untyped({ eventTime: "id", maxOutOfOrderness: "1s" })),
      ["DF_EVENT_TIME", "is string"],
    ],
    [
      "event time without a bound",
      (p) => p.from("x", standInSource(Order), untyped({ eventTime: "at" })),
      ["DF_EVENT_TIME", "maxOutOfOrderness"],
    ],
    [
      "a bound without event time",
      (p) => p.from("x", standInSource(Order), untyped({ maxOutOfOrderness: "1s" })),
      ["DF_EVENT_TIME"],
    ],
    [
      "a negative duration",
      (p) => p.from("x", standInSource(Order), { eventTime: "at", maxOutOfOrderness: "-1s" }),
      ["DF_DURATION", '"x": maxOutOfOrderness is "-1s", which is no duration.'],
    ],
    ["no source", (p) => p.from("x", untyped({})), ["DF_SOURCE"]],
    [
      "a source of changes",
      (p) => p.from("x", untyped({ ...standInSource(Order), rows: "changes" })),
      ["DF_SOURCE_CHANGES"],
    ],
    ["no sink", (p) => orders(p).to("out", untyped({})), ["DF_SINK]", '"out"']],
    [
      "a window without event time",
      (p) =>
        p
          .from("x", standInSource(Order))
          .window(untyped(tumbling("1h")))
          .aggregate("w", (a) => ({ n: a.count() })),
      ["DF_NO_EVENT_TIME", '"w"'],
    ],
    [
      "a window of late rows",
      (p) =>
        orders(p)
          .window(tumbling("1h"))
          .aggregate("w", (a) => ({ n: a.count() }))
          .late.window(untyped(tumbling("1h")))
          .aggregate("again", (a) => ({ n: a.count() })),
      ["DF_NO_EVENT_TIME", '"again"', "rows of a view and of .late have none"],
    ],
    [
      "a window that is none",
      (p) =>
        orders(p)
          .window(untyped("1h"))
          .aggregate("w", (a) => ({ n: a.count() })),
      ["DF_WINDOW", '"w"'],
    ],
    ["changelog of events", (p) => orders(p).changelog(untyped("c")), ["DF_CHANGE", '"c"']],
    [
      "a lambda that reads a column which is not there",
      (p) => orders(p).filter((order) => (order as unknown as { centz: number }).centz > 3),
      ["DF_NO_COLUMN", ': "orders.filter": The lambda of filter() reads "centz"'],
    ],
    [
      "dedupe by a column that is not there",
      (p) => orders(p).dedupe("d", { by: untyped("x"), within: "1s", keep: "any" }),
      ["DF_NO_COLUMN", '"d"'],
    ],
    [
      "dedupe without event time",
      (p) => p.from("x", standInSource(Order)).dedupe(untyped("d"), { by: "id", within: "1s", keep: "any" }),
      ["DF_TIME", '"d"'],
    ],
    [
      "no aggregates",
      (p) =>
        orders(p)
          .window(tumbling("1h"))
          .aggregate("w", () => ({})),
      ["DF_AGGREGATE"],
    ],
    [
      "an aggregate that is none",
      (p) =>
        orders(p)
          .window(tumbling("1h"))
          .aggregate(
            "w",
            untyped(() => ({ n: 1 })),
          ),
      ["DF_AGGREGATE", '"n"'],
    ],
    [
      "an aggregate of no column",
      (p) =>
        orders(p)
          .window(tumbling("1h"))
          .aggregate("w", (a) => ({ n: a.sum(untyped("price")) })),
      ["DF_NO_COLUMN", '"price"', '"w"'],
    ],
    [
      "an aggregate of text",
      (p) =>
        orders(p)
          .window(tumbling("1h"))
          .aggregate("w", (a) => ({ n: a.sum(untyped("id")) })),
      ['"w"', '"id"'],
    ],
    [
      "an aggregate named like a group column",
      (p) =>
        orders(p)
          .keyBy("userId")
          .window(tumbling("1h"))
          .aggregate(
            "w",
            untyped((a: { count(): unknown }) => ({ userId: a.count() })),
          ),
      ["DF_COLUMN_TWICE"],
    ],
    [
      "an emit that is none",
      (p) =>
        orders(p)
          .window(tumbling("1h"))
          .aggregate("w", (a) => ({ n: a.count() }), { emit: untyped("never") }),
      ["DF_OPTION", "never"],
    ],
    [
      "columns that are not declared",
      (p) =>
        orders(p).map(
          untyped({ id: "string" }),
          untyped(() => ({})),
        ),
      ["DF_SCHEMA", '"orders.map"'],
    ],
    [
      "a migrate that is no migration",
      (p) =>
        orders(p)
          .groupBy("userId")
          .latest("l", { by: "at", migrate: untyped(() => ({})) }),
      ["DF_OPTION", "migrate of latest() is no migration", "migration(name, before, make)"],
    ],
    ["a stream of another pipeline", (p) => orders(p).union(untyped({})), ["DF_UNION"]],
    [
      "a commit of no bytes",
      (p) => orders(p).to("out", table, { commitEvery: { bytes: 0 } }),
      ["DF_OPTION", '"out"'],
    ],
  ])("%s", (_name, build, words) => {
    const text = refused((p) => void build(p));
    for (const word of words) expect(text).toContain(word);
  });

  test("an async build function, and steps after the end", () => {
    expect(
      refusal(() =>
        pipeline(
          "p",
          untyped(async () => {}),
        ),
      ),
    ).toContain("DF_ASYNC_BUILD");
    let kept: Pipeline | undefined;
    built((p) => {
      kept = p;
    });
    expect(() => kept?.from("x", standInSource(Order))).toThrow("DF_CLOSED");
  });

  test("options of the pipeline that do not exist or hold nothing", () => {
    expect(() => pipeline("p", untyped({ requires: "identical" }), () => {})).toThrow("DF_OPTION");
    expect(refusal(() => pipeline("p", { batchRows: 5000 }, () => {}))).toContain("DF_OPTION");
    expect(refusal(() => pipeline("p", { checkpointEvery: "0s" }, () => {}))).toContain("DF_OPTION");
    expect(() => pipeline("p", {}, untyped(undefined))).toThrow("DF_PIPELINE");
  });

  test("results that are weaker than required", () => {
    const text = refusal(() =>
      pipeline("p", { require: "identical" }, (p) => {
        orders(p)
          .keyBy("userId")
          .window(tumbling("1h"))
          .aggregate("per-user-hour", (a) => ({ n: a.count() }), { emit: "onUpdate" });
      }),
    );
    expect(text).toContain('"per-user-hour" (convergent)');
    expect(text).toContain("[DF_LABEL]");
  });
});
