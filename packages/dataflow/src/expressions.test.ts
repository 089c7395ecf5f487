import { BATCH_ROWS_MAX } from "@df/core";
import type { OperatorNode, OperatorSpec, SinkNode } from "@df/core";
import { prune } from "@df/core/plan/prune";
import { describe, expect, test } from "vitest";
import { lit, pipeline, t } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Order = t.row({
  id: t.string(),
  cents: t.int64(),
  pieces: t.int(),
  price: t.decimal(9, 2),
  at: t.timestamp(),
  note: t.string().nullable(),
});
const orders = (p: Pipeline) => p.from("orders", standInSource(Order));
const sink = standInSink<"append">(["append"]);

/** The columns of a select, as names and types. */
function columns(build: (p: Pipeline) => { to(id: string, sink_: never): void }): string[] {
  const plan = pipeline("p", (p) => build(p).to("out", untyped(sink))).build();
  const { shape } = plan.nodes.at(-1) as SinkNode;
  return shape.schema.fields.map(({ name, type, nullable }) => `${name} ${type.kind}${nullable ? "?" : ""}`);
}
/** What the operator was given. */
function optionsOf(build: (p: Pipeline) => unknown): OperatorSpec["options"] {
  const plan = pipeline("p", (p) => void build(p)).build();
  return (plan.nodes.find((node) => node.kind === "operator") as OperatorNode).spec.options;
}

describe("select makes columns", () => {
  test("of every kind of expression, with the types that the compiler promises", () => {
    const made = columns((p) =>
      orders(p).select((col) => ({
        sum: col("cents").add(col("cents")).sub(1).mul(2n).div(3).mod(4).abs(),
        money: col("price").add(col("price")),
        flag: col("cents").ge(5).and(col("pieces").lt(3)).or(col("id").eq("x")).not(),
        near: col("pieces").between(1, 5),
        oneOf: col("id").in("a", "b"),
        missing: col("note").isNull(),
        filled: col("note").orElse("none"),
        text: col("id").lower().upper().trim().substring(1, 2).concat("-", col("note")),
        rest: col("id").substring(2),
        starts: col("id").startsWith("x"),
        size: col("note").length(),
        later: col("at").plus("1h").minus("30m").truncate("day"),
        took: col("at").since(col("at")),
        digits: col("pieces").cast(t.string()),
        constant: lit("web"),
        less: col("pieces").ne(2).and(col("pieces").le(9)).and(col("pieces").gt(0)),
      })),
    );
    expect(made).toEqual([
      "sum int64",
      "money decimal",
      "flag bool",
      "near bool",
      "oneOf bool",
      "missing bool",
      "filled string",
      "text string?",
      "rest string",
      "starts bool",
      "size int64?",
      "later timestamp",
      "took float64",
      "digits string",
      "constant string",
      "less bool",
    ]);
  });

  test("that lambdas read as the compiler promises: as bigints what was bigint, as numbers what was a number", () => {
    const plan = pipeline("p", (p) => {
      orders(p)
        .select((col) => ({
          a: col("cents").sub(1).mul(2n),
          b: col("pieces").mul(2),
          c: col("note").length(),
          d: col("pieces").cast(t.int64()),
          e: col("cents").cast(t.int()),
          f: lit(5),
          g: lit(5n),
          h: col("cents").add(col("cents")).abs(),
        }))
        .to("out", sink);
    }).build();
    const { fields } = (plan.nodes.at(-1) as SinkNode).shape.schema;
    expect(fields.map(({ name, type }) => [name, type])).toEqual(
      Object.entries({
        a: "bigint",
        b: "number",
        c: "number",
        d: "bigint",
        e: "number",
        f: "number",
        g: "bigint",
        h: "bigint",
      }).map(([name, as]) => [name, { kind: "int64", as }]),
    );
  });

  test("of all others, in their order, with those replaced in their place", () => {
    expect(
      columns((p) => orders(p).select((col) => ({ ...col.all, cents: col("cents").mul(2), day: col("at") }))),
    ).toEqual([
      "id string",
      "cents int64",
      "pieces int64",
      "price decimal",
      "at timestamp",
      "note string?",
      "day timestamp",
    ]);
  });

  test("of which those nobody wants are never read", () => {
    const plan = prune(
      pipeline("p", (p) => {
        orders(p)
          .select((col) => ({ ...col.all, twice: col("cents").mul(2) }))
          .map({ id: t.string(), twice: t.int64() }, (o) => ({ id: o.id, twice: o.twice }))
          .to("out", sink);
      }).build(),
    );
    const [source] = plan.nodes;
    expect(source?.kind === "source" && source.outputs[0]?.schema.fields.map(({ name }) => name)).toEqual([
      "id",
      "cents",
    ]);
    expect(plan.batchRows).toBe(BATCH_ROWS_MAX);
  });

  test("by plain data that the plan can show", () => {
    expect(
      optionsOf((p) => orders(p).select((col) => ({ ...col.all, big: col("cents").gt(5n) }))),
    ).toMatchObject({
      all: true,
    });
    expect(
      optionsOf((p) => orders(p).select((col) => ({ big: col("cents").gt(5n), ...col.all }))),
    ).toMatchObject({
      all: false,
    });
    expect(optionsOf((p) => orders(p).select((col) => ({ at: col("at").minus("0s") })))).toEqual({
      all: false,
      expressions: [["at", '{"kind":"shift","of":{"kind":"column","name":"at"},"micros":0}']],
    });
  });
});

describe("select is refused", () => {
  test.each<[string, (p: Pipeline) => unknown, string[]]>([
    [
      "a column that is not there",
      (p) => orders(p).select((col) => ({ x: col(untyped("zzz")) })),
      ["DF_NO_COLUMN", '"zzz"'],
    ],
    ["a bare value", (p) => orders(p).select(untyped(() => ({ x: 5 }))), ["DF_EXPRESSION", 'Column "x"']],
    ["no columns", (p) => orders(p).select(() => ({})), ["DF_SELECT_EMPTY"]],
    [
      "text that is multiplied",
      (p) => orders(p).select((col) => ({ x: (col("id") as unknown as { mul(n: number): never }).mul(2) })),
      ["DF_EXPRESSION"],
    ],
    [
      "a negative duration",
      (p) => orders(p).select((col) => ({ x: col("at").plus("-1s") })),
      ["DF_DURATION"],
    ],
  ])("%s", (_name, build, words) => {
    const text = refusal(() => pipeline("p", (p) => void build(p)));
    for (const word of [...words, '"orders.select"']) expect(text).toContain(word);
  });
});
