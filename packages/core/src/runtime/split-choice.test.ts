import fc from "fast-check";
import { expect, test } from "vitest";
import type { Polled, Position, SplitReader } from "../connector.ts";
import { RestingReader } from "./resting-reader.ts";
import { SplitChoice } from "./split-choice.ts";
import { SplitClock } from "./split-clock.ts";

/** A log whose rows have the times of their list, read one row a poll; counts who is open. */
class Log {
  readonly clock = new SplitClock(0);
  reader: RestingReader | undefined;
  askAt = 0;
  asked = 0;
  rows: number[] = [];
  /** Where it stood, each time it was opened. */
  opened: number[] = [];

  constructor(times: readonly number[], open: Set<Log>) {
    this.reader = new RestingReader((from) => this.#reader(times, Number(from ?? 0), open), undefined);
  }

  #reader(times: readonly number[], from: number, open: Set<Log>): SplitReader {
    open.add(this);
    this.opened.push(from);
    let next = from;
    return {
      poll: () => (next === times.length ? "end" : polled(next, ++next)),
      close: async () => void open.delete(this),
    };
  }
}

function polled(row: number, next: Position): Polled {
  return { length: 1, columns: [], positions: Float64Array.of(row), invalid: [], next };
}

/** Reads all logs to their ends; says which one was asked, each time, and how many were open at most. */
function readAll(all: readonly (readonly number[])[], openMax: number) {
  const open = new Set<Log>();
  const logs = all.map((times) => new Log(times, open));
  const choice = new SplitChoice<Log>(openMax, (error) => {
    throw error;
  });
  const asked: number[] = [];
  let openMost = 0;
  for (let polls = 1; ; polls++) {
    const next = choice.next(logs, 0);
    if (next?.reader === undefined) return { logs, asked, openMost };
    next.asked = polls;
    const answer = next.reader.poll(1) as Polled | "end";
    openMost = Math.max(openMost, open.size);
    const index = logs.indexOf(next);
    asked.push(index);
    if (answer === "end") {
      void next.reader.close();
      next.reader = undefined;
    } else {
      const row = answer.positions[0] as number;
      next.rows.push(row);
      next.clock.advance(Float64Array.of(all[index]?.[row] as number), 1);
    }
  }
}

const logsOf = fc.array(fc.array(fc.nat(100), { maxLength: 20 }), { minLength: 1, maxLength: 12 });

test("every row of every log is read once and in order, however few may be open", () => {
  fc.assert(
    fc.property(logsOf, fc.integer({ min: 1, max: 12 }), (all, openMax) => {
      const { logs, openMost } = readAll(all, openMax);
      expect(logs.map(({ rows }) => rows)).toEqual(all.map((times) => [...times.keys()]));
      expect(openMost).toBeLessThanOrEqual(openMax);
    }),
  );
});

test("the log that is furthest behind is asked, where all may be open", () => {
  const { asked } = readAll([[10, 40], [20], [30]], 3);
  expect(asked).toEqual([0, 1, 2, 0, 1, 2, 0]);
});

test("logs of one day each are opened twice at most: to see where they begin, and to be read", () => {
  const days = Array.from({ length: 40 }, (_, day) => Array.from({ length: 50 }, (__, n) => day * 50 + n));
  const { logs, asked } = readAll(days, 4);
  // One beginning of each, then day after day.
  expect(asked.slice(40)).toEqual(asked.slice(40).toSorted((a, b) => a - b));
  expect(Math.max(...logs.map(({ opened }) => opened.length))).toBe(2);
});

test("a log that is opened again goes on for twice as long each time: it is passed over twice, not once a batch", () => {
  const same = Array.from({ length: 10 }, () => Array.from({ length: 1000 }, (_, n) => n));
  const { logs } = readAll(same, 3);
  for (const { opened } of logs) expect(opened.reduce((sum, from) => sum + from, 0)).toBeLessThan(2 * 1000);
});

test("a split that has been silent for a minute holds nothing between two questions, and is asked once a second", () => {
  const open = new Set<Log>();
  const log = new Log([1], open);
  const choice = new SplitChoice<Log>(4, (error) => {
    throw error;
  });
  choice.next([log], 0);
  void log.reader?.poll(1);
  expect([choice.idle(log, 59_000), open.size]).toEqual([50, 1]);
  expect([choice.idle(log, 60_000), open.size]).toEqual([1000, 0]);
  choice.next([log], 0);
  expect(log.reader?.poll(1)).toBe("end");
  expect(log.opened).toEqual([0, 1]);
});
