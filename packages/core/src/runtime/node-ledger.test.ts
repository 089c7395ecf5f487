import { expect, test } from "vitest";
import { addUp, imbalances, NodeLedger } from "./node-ledger.ts";

test("counts of earlier runs and of all shards add up, buffered rows are those of now", () => {
  const shard = new NodeLedger();
  shard.rowsIn = 5;
  shard.outcomes.passed = 3;
  const before = { ...shard.entry("n", 2) };
  const now = new NodeLedger();
  now.rowsIn = 1;
  now.outcomes.late = 2;
  expect(addUp([before], [now.entry("n", 1)])).toMatchObject([
    { node: "n", rowsIn: 6, buffered: 1, outcomes: { passed: 3, late: 2 } },
  ]);
});

test("a row without an outcome is named", () => {
  const ledger = new NodeLedger();
  ledger.rowsIn = 4;
  ledger.outcomes.folded = 2;
  expect(imbalances([ledger.entry("sum", 1)])).toEqual([
    'node "sum" took 4 rows, but 2 have an outcome and 1 are buffered',
  ]);
  expect(imbalances([ledger.entry("sum", 2)])).toEqual([]);
});
