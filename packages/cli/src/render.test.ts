import type { Time } from "@df/core";
import type { Waiting } from "@df/core/checkpoint/records";
import type { RunReport } from "@df/core/runtime/report";
import { expect, test } from "vitest";
import { renderReport, renderStatus } from "./render.ts";

const sink = {
  sink: "out",
  epoch: 0,
  rows: 0,
  version: undefined,
  contentHash: undefined,
  undeliveredBytes: 0,
};
const report: RunReport = {
  pipeline: "p",
  lineage: "l",
  epoch: 1,
  rowsRead: 5,
  clock: (Date.UTC(1970, 0, 21) * 1000) as Time,
  splits: { live: 0, idle: 0, ended: 1 },
  sinks: [sink],
  ledger: [],
  gauges: {},
  ended: "input",
  label: "identical",
};

const open: Waiting = {
  node: "hourly",
  windows: 2,
  sessions: 0,
  rows: 0,
  clock: report.clock,
  due: null,
  heldBy: { kind: "silence" },
};

test("what is still open is told with what it waits for, and a run that was stopped is offered no --drain", () => {
  const text = renderReport({ ...report, waiting: [open] });
  expect(text).toContain(
    `2 windows of "hourly" are still open; --drain closes them when the input ends. Every split is silent`,
  );
  expect(renderReport({ ...report, waiting: [open], ended: "stopped" })).not.toContain("--drain");
  expect(renderStatus({ ...report, waiting: [open] }, "not running")).toContain(
    '2 windows of "hourly" are still open. Every',
  );
});

test("where nothing is open nothing is said", () => {
  expect(renderReport({ ...report, waiting: [] })).not.toMatch(/open|clock/);
  expect(renderReport(report)).not.toMatch(/open|clock/);
});

test("a pipeline without a sink is told that nothing was written", () => {
  const said =
    /^Nothing was written: .* End one with \.to\(id, sink\), and run with a new state directory \(--state-dir\)/m;
  expect(renderReport({ ...report, sinks: [] })).toMatch(said);
  expect(renderReport(report)).not.toMatch(said);
});

test("results that no sink shows are told, with what to do", () => {
  const said =
    'No sink shows the rows of "hourly": end them in one with .to(id, sink), or take the step out.';
  expect(renderReport({ ...report, resultsUnread: ["hourly"] })).toContain(said);
  expect(renderStatus({ ...report, resultsUnread: ["hourly"] }, "running")).toContain(said);
  expect(renderReport(report)).not.toContain("No sink shows");
});

test("how much was shown is told of a run, and not of a state alone", () => {
  const shown = { ...sink, rows: 7, guarantee: "exactly once" } as const;
  expect(renderReport({ ...report, sinks: [shown] })).toMatch(/^ {2}out +exactly once +7 {2}/m);
  const delivered = { ...sink, epoch: 1 };
  expect(renderStatus({ ...report, sinks: [delivered] }, "not running")).toMatch(/^ {2}out +- +- {2}/m);
  // What has never delivered has shown nothing.
  expect(renderStatus({ ...report, sinks: [sink] }, "not running")).toMatch(/^ {2}out +- +0 {2}/m);
});

test("late rows that no sink takes are told, with the ways to keep them", () => {
  const outcomes = { passed: 0, folded: 3, filtered: 0, duplicate: 0, late: 2, quarantined: 0, expired: 0 };
  const ledger = [{ node: "hourly", rowsIn: 5, outcomes, buffered: 0, rowsOut: 1, latePartial: 0 }];
  const said =
    '2 late rows of "hourly" went nowhere: end its late rows (.late; of a join .lateLeft and .lateRight) in a sink to keep them,';
  expect(renderReport({ ...report, ledger, lateUnread: ["hourly"] })).toContain(said);
  expect(renderStatus({ ...report, ledger, lateUnread: ["hourly"] }, "running")).toContain(said);
  expect(renderReport({ ...report, ledger, lateUnread: [] })).not.toContain("went nowhere");
});

test("a report shows how many rows it read in their number, and no hash of a target that keeps none", () => {
  const printed = { ...sink, epoch: 1, contentHash: "0".repeat(32) };
  const text = renderReport({ ...report, rowsRead: 1, sinks: [printed] });
  expect(text).toContain(" 1 row read, ");
  expect(text).toMatch(/^ {2}out +- +- +1 +- +- +0$/m);
  expect(renderReport(report)).toContain(" 5 rows read, ");
});
