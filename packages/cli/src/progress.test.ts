import type { Status } from "@df/core/runtime/report";
import { afterEach, expect, test, vi } from "vitest";
import { progress } from "./progress.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function statusOf(rowsRead: number): Status {
  return {
    pipeline: "orders",
    lineage: "",
    epoch: 7,
    rowsRead,
    clock: Date.UTC(2026, 0, 1, 11, 59, 30) * 1000,
    splits: { live: 1, idle: 0, ended: 0 },
    sinks: [],
    ledger: [],
    gauges: {},
  };
}

test("where standard error is no terminal, a run says every ten seconds how it is doing, on plain lines, and nothing when it is short", () => {
  const lines: string[] = [];
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12) });
  vi.stubGlobal("process", {
    ...process,
    stderr: { isTTY: false, write: (text: string) => lines.push(text) },
  });
  let rows = 0;
  const run = progress().start(() => statusOf(rows));
  rows = 12_000;
  vi.advanceTimersByTime(9_999);
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(1);
  run.shown("gold");
  rows = 50_000;
  vi.advanceTimersByTime(10_000);
  run.stop();
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([
    "orders: 12,000 rows, 1,200 rows/s, clock 2026-01-01T11:59:30.000Z (40s behind now), epoch 7, nothing delivered yet\n",
    "orders: 50,000 rows, 2,500 rows/s, clock 2026-01-01T11:59:30.000Z (50s behind now), epoch 7, delivered 10s ago\n",
  ]);
});
