import type { Time } from "@df/core";
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
  gauges: { hourly: { windows: 2 } },
  ended: "input",
  label: "identical",
};

test("windows that are still open are told with the clock that they wait for, and the ways to close them", () => {
  expect(renderReport(report)).toContain(
    `2 windows of "hourly" are still open; --drain closes them when the input ends.
The clock is at 1970-01-21T00:00:00.000Z; newer rows move it on, and close the windows it passes.\n`,
  );
});

test("sessions that are still open are told like windows", () => {
  const text = renderReport({ ...report, gauges: { visits: { sessions: 3 }, over: { sessions: 0 } } });
  expect(text).toContain(
    '3 sessions of "visits" are still open; --drain closes them when the input ends.\nThe clock',
  );
  expect(text).not.toContain('"over"');
});

test("a run that was stopped says what is open, and offers no --drain", () => {
  const text = renderReport({ ...report, ended: "stopped" });
  expect(text).toContain('2 windows of "hourly" are still open.\nThe clock is at 1970-01-21T00:00:00.000Z');
  expect(text).not.toContain("--drain");
});

test("several live splits are named as what may hold the clock back, with the option that lets a silent one go", () => {
  const splits = { live: 2, idle: 0, ended: 0 };
  expect(renderReport({ ...report, ended: "stopped", splits })).toMatch(
    /^It is the lowest of 2 live splits: a silent one holds it back, until the idleTimeout of its p\.from\(\)\.$/m,
  );
  expect(renderReport(report)).not.toContain("idleTimeout");
});

test("windows that no row was in need no word", () => {
  expect(renderReport({ ...report, gauges: {} })).not.toMatch(/open|clock/);
  expect(renderReport({ ...report, ended: "drained" })).not.toMatch(/open|clock/);
});

test("a pipeline without a sink is told that nothing was written", () => {
  const said =
    /^Nothing was written: .* End one with \.to\(id, sink\), and run with a new state directory \(--state-dir\)/m;
  expect(renderReport({ ...report, sinks: [] })).toMatch(said);
  expect(renderReport(report)).not.toMatch(said);
});

test("how much was shown is told of a run, and not of a state alone", () => {
  const shown = { ...sink, rows: 7, guarantee: "exactly once" } as const;
  expect(renderReport({ ...report, sinks: [shown] })).toMatch(/^ {2}out +exactly once +7 {2}/m);
  expect(renderStatus({ ...report, sinks: [sink] }, "not running")).toMatch(/^ {2}out +- +- {2}/m);
});

test("late rows that no sink takes are told, with the ways to keep them", () => {
  const outcomes = { passed: 0, folded: 3, filtered: 0, duplicate: 0, late: 2, quarantined: 0, expired: 0 };
  const ledger = [{ node: "hourly", rowsIn: 5, outcomes, buffered: 0, rowsOut: 1, latePartial: 0 }];
  const said = '2 late rows of "hourly" went nowhere: end its late rows (.late) in a sink to keep them,';
  expect(renderReport({ ...report, ledger, lateUnread: ["hourly"] })).toContain(said);
  expect(renderStatus({ ...report, ledger, lateUnread: ["hourly"] }, "running")).toContain(said);
  expect(renderReport({ ...report, ledger, lateUnread: [] })).not.toContain("went nowhere");
});

test("a step that waits for a clock of its own is told with it, not with the lowest of all sources", () => {
  const later = (report.clock ?? 0) + 3_600_000_000;
  const one = renderReport({ ...report, stepClocks: { hourly: later } });
  expect(one).toContain("The clock is at 1970-01-21T01:00:00.000Z;");
  const gauges = { hourly: { windows: 2 }, joined: { windows: 1 } };
  const two = renderReport({ ...report, gauges, stepClocks: { hourly: report.clock, joined: later } });
  expect(two).toContain('The clock of "hourly" is at 1970-01-21T00:00:00.000Z;');
  expect(two).toContain('The clock of "joined" is at 1970-01-21T01:00:00.000Z;');
});
