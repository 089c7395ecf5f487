import { checkOperator, logArbitrary } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sum } from "../aggregates/sum/sum.ts";
import { where } from "../aggregates/where/where.ts";
import { group } from "./group.ts";
import { aggregatesOf, changing, naiveGroups, SALE, sale, type Sale } from "./naive.testing.ts";

/** Runs the groups in every way there is; what it throws names the way that failed. */
function check(by: readonly (keyof Sale)[], change: "append" | "retract"): void {
  const aggregates = aggregatesOf(change);
  checkOperator({
    operator: group({ by, aggregates }),
    inputs: [{ schema: SALE, change, key: [] }],
    logs: change === "append" ? fc.tuple(logArbitrary(sale)) : changing,
    oracle: ({ inputs: [entries = []] }) => ({
      ports: [naiveGroups(entries, by, aggregates)],
      counts: { folded: entries.length },
    }),
    runs: 10,
  });
}

test("a view ends with each group once, whatever the batches, shards and crashes", () => {
  expect(() => check(["shop"], "append")).not.toThrow();
  expect(() => check(["day", "shop"], "append")).not.toThrow();
});

test("rows that are taken back leave no trace, and a group without rows is deleted", () => {
  expect(() => check(["shop"], "retract")).not.toThrow();
  expect(() => check(["shop", "day"], "retract")).not.toThrow();
});

test("rows that a condition cannot answer for are refused, and count nowhere, also not without the condition", () => {
  const isBad = ({ cents }: Partial<Sale>): boolean => cents === 3;
  const picky = {
    columns: ["cents"],
    keep: (row: Readonly<Record<string, unknown>>) => {
      if (isBad(row)) throw new Error("three");
      return true;
    },
  };
  const aggregates = [...aggregatesOf("retract"), { name: "again", spec: where(picky, sum("cents")) }];
  const operator = group({ by: ["shop"], aggregates });
  expect(() =>
    checkOperator({
      operator,
      inputs: [{ schema: SALE, change: "retract", key: [] }],
      logs: changing,
      oracle: ({ inputs: [entries = []] }) => {
        const good = entries.filter(({ row }) => !isBad(row as Sale));
        const groups = naiveGroups(good, ["shop"], aggregates);
        return {
          ports: [groups.map(({ row }) => ({ row: { ...row, again: row["cents"] } }))],
          counts: { folded: good.length, quarantined: entries.length - good.length },
        };
      },
      runs: 10,
    }),
  ).not.toThrow();
});
