import { memoryTarget } from "@df/connectors/memory/target";
import type { TypedSource } from "@df/core";
import type { WallClock } from "@df/core/runtime/clock-port";
import { pipeline, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { runInMemory, stateHere } from "../in-memory.ts";

const Row = t.row({ at: t.int() });
const ROW_EVERY_MS = 70;
const ENDS_MS = 60_000;

/** A clock on which time passes in sleeps alone. */
function sleepingClock(): WallClock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal.aborted) now += ms;
    },
    yield: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** Rows that say when they were given, one each `ROW_EVERY_MS`. */
function ticking(clock: WallClock): TypedSource<t.infer<typeof Row>> {
  let next = 0;
  return {
    ...memorySource({ a: [] }, Row),
    open: async () => ({
      splits: async () => [{ id: "a" }],
      read: () => ({
        poll: () => {
          if (next >= ENDS_MS) return "end" as const;
          if (clock.now() < next) return "idle" as const;
          next += ROW_EVERY_MS;
          const values = Float64Array.of(Math.floor(clock.now()));
          const columns = [{ layout: "long" as const, values }];
          return { length: 1, columns, positions: Float64Array.of(next), invalid: [], next };
        },
        close: async () => {},
      }),
      close: async () => {},
    }),
  };
}

/** How long the rows of each delivery were on their way at most, ms, but for the last one, which the end brings. */
async function waits(commitEvery: `${number}ms`): Promise<readonly number[]> {
  const clock = sleepingClock();
  const target = `waits-${commitEvery}`;
  const found: number[] = [];
  let shown = 0;
  await runInMemory(
    pipeline(target, { checkpointEvery: "1s" }, (p) =>
      p.from("log", ticking(clock)).to("out", memorySink(target), { commitEvery: { time: commitEvery } }),
    ),
    {
      clock,
      openState: stateHere,
      onShown: () => {
        const { changes } = memoryTarget(target);
        found.push(clock.now() - Number(changes[shown]?.row["at"]));
        shown = changes.length;
      },
    },
  );
  return found.slice(0, -1);
}

test.each([
  ["1000ms", 1000],
  ["5000ms", 5000],
  ["5400ms", 5000],
  ["5600ms", 6000],
  ["100ms", 1000],
] as const)(
  "with commitEvery %s a row is shown %i ms after it came, and not a checkpoint later",
  async (every, ms) => {
    const found = await waits(every);
    expect(found.length).toBeGreaterThan(5);
    // Barrier, checkpoint and delivery take a few sleeps.
    expect(Math.max(...found)).toBeLessThan(ms + 300);
  },
);
