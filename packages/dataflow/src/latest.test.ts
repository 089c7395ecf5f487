import type { ChangeMode, OperatorNode } from "@df/core";
import { expect, test } from "vitest";
import { pipeline, t } from "./index.ts";
import type { Pipeline } from "./index.ts";
import { built, refusal, standInSink, standInSource, untyped } from "./stand-ins.ts";

const Bid = t.row({ auction: t.int(), bidder: t.int(), price: t.int(), tag: t.json(), at: t.timestamp() });
const bids = (p: Pipeline) =>
  p.from("bids", standInSource(Bid), { eventTime: "at", maxOutOfOrderness: "2s" });
const table = standInSink<ChangeMode>(["append", "upsert", "retract"]);
/** Columns that the types would refuse, too. */
const latestBy =
  (by: unknown, ...group: string[]) =>
  (p: Pipeline) =>
    bids(p)
      .groupBy(untyped(group[0] ?? "bidder"), ...group.slice(1).map(untyped))
      .latest("last", { by: untyped(by) })
      .to("out", table);

test("the latest rows are a table of whole rows, told apart by the group and without event time", () => {
  const nodes = built((p) => {
    bids(p)
      .groupBy("bidder", "auction")
      .latest("last", { by: ["at", "price"] })
      .to("out", table);
  });
  const node = nodes.find(({ id }) => id === "last") as OperatorNode;
  expect(node.spec.options).toEqual({ group: ["bidder", "auction"], by: ["at", "price"] });
  expect(node.spec.exchanges).toEqual([{ keyBy: ["bidder", "auction"] }]);
  expect(node.outputs).toEqual([
    { schema: Bid.schema, change: "upsert", key: ["bidder", "auction"], timed: false },
  ]);
});

test("one column may be named alone", () => {
  const node = built(latestBy("at")).find(({ id }) => id === "last") as OperatorNode;
  expect(node.spec.options).toEqual({ group: ["bidder"], by: ["at"] });
});

test.each<[string, unknown, string[]]>([
  ["a column that is not there", "time", ["DF_NO_COLUMN", '"time"']],
  ["a column of the group", "bidder", ["DF_LATEST", '"bidder"', "column of the group"]],
  ["a column without order", "tag", ["DF_LATEST_TYPE", "json", '"price"']],
  ["nothing", [], ["DF_LATEST", "needs a column"]],
  ["no option", undefined, ["DF_LATEST", "needs a column"]],
])("latest by %s is refused, naming the step", (_, by, words) => {
  const message = refusal(() => pipeline("p", latestBy(by)));
  for (const word of [...words, '"last"']) expect(message).toContain(word);
});

test("latest of rows that can be taken back is refused", () => {
  const build = (p: Pipeline): void => {
    const bidders = bids(p).groupBy("bidder").latest("first", { by: "at" }).changelog("changes");
    bidders.groupBy("auction").latest(untyped("second"), { by: "at" }).to("out", table);
  };
  expect(refusal(() => pipeline("p", build))).toMatch(/"second".*retract.*\[DF_NOT_APPEND\]/s);
});
