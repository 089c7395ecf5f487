import { BEGINNING, type Shape } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { openOperator, type OperatorHarness } from "@df/testing";
import { expect, test } from "vitest";
import { sum } from "../aggregates/sum/sum.ts";
import { window } from "../window/window.ts";
import { click, CLICK, INPUT, MS, options } from "./clicks.testing.ts";
import type { SessionOptions } from "./options.ts";
import { session } from "./session.ts";

/** Sessions of rows that an operator made: they are never late. */
function opened(changes: Partial<SessionOptions> = {}): OperatorHarness {
  const input = { schema: CLICK, time: "at", made: true };
  return openOperator(session({ ...options, ...changes }), [input]);
}

test("the clock that is handed on stays below all results, so that a window behind sessions takes each", () => {
  for (const changes of [{}, { allowedLatenessMicros: 6 * MS }, { emit: "onUpdate" as const }]) {
    const sessions = opened(changes);
    const [shape] = session({ ...options, ...changes }).outputs([INPUT]) as [Shape, Shape];
    const perWindow = openOperator(
      window({
        by: [],
        window: { kind: "tumbling", sizeMicros: MS, offsetMicros: 0 },
        aggregates: [{ name: "clicks", spec: sum("clicks") }],
        allowedLatenessMicros: 0,
        emit: "final",
      }),
      [{ ...shape, time: "windowEnd", made: true }],
    );
    const handOn = (): void => {
      const changed = sessions.output().slice();
      sessions.take();
      if (changed.length > 0) {
        const rows = changed.map(({ row }) => row);
        const diffs = shape.change === "append" ? undefined : changed.map(({ diff }) => diff);
        const times = changed.map(({ time }) => time);
        perWindow.pushBatch(batchOf(shape.schema, rows, { change: shape.change, diffs, times }));
      }
      if (sessions.clockOut > BEGINNING) perWindow.clock(sessions.clockOut);
    };
    for (let at = 1; at <= 120; at++) {
      if (at % 13 < 4 || at % 31 === 0) sessions.push([click(at % 2 === 0 ? "a" : "b", at)]);
      sessions.clock((at - 3) * MS);
      handOn();
      if (at % 5 === 0) sessions.flush();
      handOn();
    }
    sessions.end();
    sessions.flush();
    handOn();
    perWindow.end();
    const clicks = perWindow.take().reduce((total, row) => total + Number(row["clicks"]), 0);
    expect([perWindow.count("late"), clicks]).toEqual([0, sessions.rowsIn]);
  }
});

test("without sessions in state nothing holds the clock back but the allowed lateness", () => {
  const harness = opened();
  harness.clock(5 * MS);
  expect(harness.clockOut).toBe(5 * MS);
  harness.push([click("a", 6)]);
  harness.clock(8 * MS);
  expect(harness.clockOut).toBe(8 * MS - 1);
});
