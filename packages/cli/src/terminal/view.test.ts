import type { LedgerEntry, Waiting } from "@df/core/checkpoint/records";
import type { Status } from "@df/core/runtime/report";
import { expect, test } from "vitest";
import { Rates } from "./rates.ts";
import { viewOf, type Moment } from "./view.ts";

const nowMs = Date.UTC(2026, 0, 1, 12);
const at = (hour: number, minute = 0): number => Date.UTC(2026, 0, 1, hour, minute) * 1000;
const none = { passed: 0, folded: 0, filtered: 0, duplicate: 0, late: 0, quarantined: 0, expired: 0 };
const entry = (node: string, rowsIn: number, changes: Partial<LedgerEntry> = {}): LedgerEntry => ({
  node,
  rowsIn,
  rowsOut: 0,
  outcomes: none,
  latePartial: 0,
  buffered: 0,
  ...changes,
});
const waiting: Waiting = {
  node: "hourly",
  windows: 4,
  sessions: 0,
  rows: 0,
  clock: at(11, 20),
  due: at(12) - 1,
  heldBy: {
    kind: "split",
    source: "orders",
    split: "b.jsonl",
    clock: at(11, 20),
    behind: 1_200_000_000,
    silent: 40_000_000,
    idleTimeout: null,
    needs: at(12, 10),
  },
};
const status: Status = {
  pipeline: "shop",
  lineage: "",
  epoch: 7,
  rowsRead: 123_456,
  clock: at(11, 20),
  splits: { live: 1, idle: 0, ended: 0 },
  sinks: [
    {
      sink: "gold",
      epoch: 6,
      rows: 850,
      version: "6",
      contentHash: undefined,
      undeliveredBytes: 1_234_567,
    },
  ],
  ledger: [
    entry("orders", 123_456, { checked: ["id"] }),
    entry("hourly", 123_000, { outcomes: { ...none, late: 3 } }),
    entry("gold", 850),
  ],
  gauges: {},
  clocks: { orders: at(11, 20), hourly: at(11, 20), gold: null },
  waiting: [waiting],
};
const moment: Moment = {
  nowMs,
  sinceMs: 65_400,
  deliveredMs: new Map([["gold", nowMs - 3_400]]),
  changes: { rateOf: (node) => (node === "orders" ? 1_900 : 0), lostAt: (node) => node === "hourly" },
};
const textOf = (height: number, given: Status = status): string[] =>
  viewOf(given, moment, height).map(({ text }) => text);

test("a run is shown with its nodes and with what they wait for", () => {
  expect(textOf(20).join("\n")).toBe(`shop  1m 5s  123,456 rows, 1,900 rows/s  epoch 7
  node         in  rows/s                clock  behind now       held  late  delivered
  orders  123,456   1,900  2026-01-01 11:20:00         40m
  hourly  123,000       0  2026-01-01 11:20:00         40m  4 windows     3
  gold        850       0                                      1.2 MB           3s ago
  hourly: 4 windows, wait for a row of 2026-01-01T12:10:00.000Z in split "b.jsonl" of "orders", 20m behind, silent for 40s`);
});

test("a node that has lost rows in the last seconds is marked", () => {
  const marked = viewOf(status, moment, 20).filter(({ style }) => style === "yellow");
  expect(marked.map(({ text }) => text.trim().split(" ")[0])).toEqual(["hourly"]);
});

test.each([6, 5, 4, 3, 2, 1])(
  "a height of %i lines is kept: what is waited for goes before the nodes",
  (height) => {
    const lines = textOf(height);
    expect(lines.length).toBeLessThanOrEqual(height);
    expect(lines[0]).toContain("shop");
    expect(lines.some((line) => line.includes("wait for"))).toBe(height > 1);
    const shown = ["  orders", "  hourly ", "  gold"].filter((node) =>
      lines.some((line) => line.startsWith(node)),
    );
    expect(lines.some((line) => line === `  and ${3 - shown.length} more nodes`)).toBe(shown.length === 1);
  },
);

test("columns that say nothing of any node are left out, and a sink that has delivered nothing says so", () => {
  const quiet = { ...status, clocks: {}, waiting: [], ledger: [entry("orders", 1), entry("gold", 1)] };
  const [, head] = viewOf(quiet, { ...moment, deliveredMs: new Map() }, 20);
  expect(head?.text.trim().split(/ {2,}/)).toEqual(["node", "in", "rows/s", "held", "delivered"]);
  const lines = viewOf(quiet, { ...moment, deliveredMs: new Map() }, 20).map(({ text }) => text);
  expect(lines.at(-1)).toMatch(/not yet$/);
});

test("rates are those of the last three seconds, and counts that were there before are none", () => {
  const rates = new Rates();
  const rows = (rowsIn: number, late = 0): Status => ({
    ...status,
    ledger: [entry("orders", rowsIn, { outcomes: { ...none, late } })],
  });
  expect(rates.add(rows(1_000_000, 5), 0).rateOf("orders")).toBe(0);
  const second = rates.add(rows(1_000_500, 6), 1_000);
  expect([second.rateOf("orders"), second.lostAt("orders")]).toEqual([500, true]);
  for (let ms = 2_000; ms <= 5_000; ms += 1_000) rates.add(rows(1_000_500, 6), ms);
  const later = rates.add(rows(1_003_500, 6), 6_000);
  expect([later.rateOf("orders"), later.lostAt("orders")]).toEqual([1_000, false]);
});
