import type { ChangeMode } from "@df/core";
import { describe, expect, test } from "vitest";
import { pipeline, session, t, tumbling } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Order = t.row({ id: t.string(), user: t.string(), cents: t.int64(), at: t.timestamp() });
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;
const table = standInSink<ChangeMode>(["append", "upsert", "retract"]);
const renamedIn = (build: (p: Pipeline) => void) => pipeline("p", build).build().renamedFrom;

describe("renamedFrom", () => {
  test("is an option of every source, sink and step with state", () => {
    const from = (old: string) => ({ renamedFrom: old });
    const renamed = renamedIn((p) => {
      const orders = p.from("o", standInSource(Order), { ...clock, ...from("o1") });
      const unique = orders.dedupe("d", { by: "id", within: "1h", keep: "any", ...from("d1") });
      unique.to("d-out", table, from("d-out1"));
      const keyed = orders.keyBy("user");
      keyed
        .window(tumbling("1h"))
        .aggregate("w", (a) => ({ n: a.count() }), from("w1"))
        .to("w-out", table);
      keyed
        .window(session("1h"))
        .aggregate("s", (a) => ({ n: a.count() }), from("s1"))
        .to("s-out", table);
      orders
        .groupBy("user")
        .aggregate("g", (a) => ({ n: a.count() }), from("g1"))
        .to("g-out", table);
      const latest = orders.groupBy("user").latest("l", { by: "at", ...from("l1") });
      latest.changelog("c", from("c1")).to("c-out", table);
      orders
        .joinWindow("j", unique, {
          on: { id: "id" },
          window: tumbling("1h"),
          select: (order) => ({ id: order("id") }),
          ...from("j1"),
        })
        .to("j-out", table);
    });
    expect(renamed).toEqual({
      o: "o1",
      d: "d1",
      "d-out": "d-out1",
      w: "w1",
      s: "s1",
      g: "g1",
      l: "l1",
      c: "c1",
      j: "j1",
      "j.select": "j1.select",
    });
  });

  test("takes along what is called after a source: its quarantine, and steps without an id", () => {
    const renamed = renamedIn((p) => {
      const orders = p.from("now", standInSource(Order), { onInvalid: table, renamedFrom: "before" });
      orders
        .filter(() => true)
        .filter(() => true)
        .to("out", table);
    });
    expect(renamed).toEqual({
      now: "before",
      "now.invalid": "before.invalid",
      "now.filter": "before.filter",
      "now.filter.2": "before.filter.2",
    });
  });

  test("counts in its scope, and from the root behind a slash", () => {
    const renamed = renamedIn((p) => {
      p.scope("eu", (eu) => {
        const orders = eu.from("orders", standInSource(Order), { renamedFrom: "in" });
        orders.to("out", table, { renamedFrom: "/all/out" });
      });
    });
    expect(renamed).toEqual({ "eu/orders": "eu/in", "eu/out": "all/out" });
  });

  test("of a scope is that of all ids in it", () => {
    const renamed = renamedIn((p) => {
      p.scope(
        "europe",
        (eu) => {
          const orders = eu.from("orders", standInSource(Order));
          orders.filter(() => true).to("out", table, { renamedFrom: "target" });
        },
        { renamedFrom: "eu" },
      );
    });
    expect(renamed).toEqual({
      "europe/orders": "eu/orders",
      "europe/orders.filter": "eu/orders.filter",
      "europe/out": "eu/target",
    });
  });

  test("leaves alone the step of another that is now called as one without id was", () => {
    const renamed = renamedIn((p) => {
      const orders = p.from("now", standInSource(Order), { renamedFrom: "before" });
      orders
        .filter(() => true)
        .filter(() => true, { id: "before.filter" })
        .to("out", table);
    });
    expect(renamed).toEqual({ now: "before" });
  });
});

describe("a rename is refused", () => {
  const renaming = (renamedFrom: unknown) =>
    refusal(() =>
      pipeline("p", (p) => {
        const orders = p.from("orders", standInSource(Order), { renamedFrom: "in" });
        orders.to("out", table, { renamedFrom: untyped(renamedFrom) });
      }),
    );

  test.each<[string, unknown, string]>([
    ["an id that is still there", "orders", "DF_RENAMED"],
    ["an id that another one was", "in", "DF_RENAMED"],
    ["what is no id", "a b", "DF_ID"],
    ["nothing in a scope", "eu/", "DF_ID"],
    ["a number", 5, "DF_ID"],
  ])("of %s", (_name, given, code) => {
    expect(renaming(given)).toContain(code);
  });
});
