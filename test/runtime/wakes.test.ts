import { memoryTarget } from "@df/connectors/memory/target";
import { SYSTEM_CLOCK, type WallClock } from "@df/core/runtime/clock-port";
import { pipeline, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { runInMemory } from "../in-memory.ts";

const Row = t.row({ n: t.int64() });

/** A clock on which no sleep ends by time: a wake that is lost leaves the run asleep for ever. */
function onlyWoken(reasons: unknown[] = []): WallClock {
  const sleep = (_ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((woken) => {
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason);
        woken();
      });
    });
  return { ...SYSTEM_CLOCK, sleep };
}

test("a run whose input is there waits for no timer, and no wake makes an exception", async () => {
  const log = Array.from({ length: 40 }, (_, n) => ({ n: BigInt(n) }));
  const reasons: unknown[] = [];
  await runInMemory(
    pipeline("wakes", { batchRows: 4, checkpointEvery: "1ms" }, (p) =>
      p.from("log", memorySource({ a: log, b: log }, Row)).to("out", memorySink("wakes")),
    ),
    { clock: onlyWoken(reasons) },
  );
  expect(memoryTarget("wakes").changes).toHaveLength(80);
  expect(reasons.length).toBeGreaterThan(0);
  expect(reasons.filter((reason) => reason instanceof Error)).toEqual([]);
});

test("a stop that is asked for in the middle of a round is heard before the next sleep", async () => {
  const stop = new AbortController();
  const silent = {
    ...memorySource({ a: [] }, Row),
    open: async () => ({
      splits: async () => [{ id: "a" }],
      read: () => ({
        poll: () => {
          stop.abort();
          return new Promise<never>(() => {});
        },
        close: async () => {},
      }),
      close: async () => {},
    }),
  };
  const report = await runInMemory(
    pipeline("stops", (p) => p.from("log", silent).to("out", memorySink("stops"))),
    { follow: true, signal: stop.signal, clock: onlyWoken() },
  );
  expect(report.ended).toBe("stopped");
});

test("a split that says at once that it has ended is not waited for", async () => {
  const empty = {
    ...memorySource({ a: [] }, Row),
    open: async () => ({
      splits: async () => [{ id: "a" }, { id: "b" }],
      read: () => ({ poll: () => "end" as const, close: async () => {} }),
      close: async () => {},
    }),
  };
  const report = await runInMemory(
    pipeline("ends", (p) => p.from("log", empty).to("out", memorySink("ends"))),
    { clock: onlyWoken() },
  );
  expect(report.splits.ended).toBe(2);
});

test("a split that appears is found while another one always has rows at hand", async () => {
  const stop = new AbortController();
  let looks = 0;
  const busy = {
    ...memorySource({ a: [] }, Row),
    open: async () => ({
      splits: async () => (++looks === 1 ? [{ id: "old" }] : [{ id: "old" }, { id: "new" }]),
      read: ({ id }: { readonly id: string }) => ({
        poll: () => {
          if (id === "new") stop.abort();
          return {
            length: 1,
            columns: [{ layout: "long" as const, values: Float64Array.of(1) }],
            positions: Float64Array.of(0),
            invalid: [],
            next: null,
          };
        },
        close: async () => {},
      }),
      close: async () => {},
    }),
  };
  const report = await runInMemory(
    pipeline("busy", (p) => p.from("log", busy).to("out", memorySink("busy"))),
    { follow: true, signal: stop.signal },
  );
  expect([report.ended, report.splits.live + report.splits.idle]).toEqual(["stopped", 2]);
});
