import { expect, test } from "vitest";
import { type Failure, judged, type Row } from "./failures.ts";

const START = Date.UTC(2026, 0, 1);

/** Failures one after the other, each some time after its start; gives what is done after each. */
function afterEach(failures: readonly { readonly lastedMs: number; readonly gotOn?: boolean }[]): string[] {
  let row: Row | undefined;
  let now = START;
  return failures.map(({ lastedMs, gotOn = false }) => {
    const failure: Failure = { startedMs: now, endedMs: now + lastedMs, gotOn };
    const verdict = judged(row, failure);
    if (verdict.kind === "give up") return verdict.words;
    row = verdict.row;
    now += lastedMs + verdict.pauseMs;
    return `${verdict.pauseMs / 1000}`;
  });
}

test("pauses double from a second, and the eighth failure without a new checkpoint is the last", () => {
  expect(afterEach(Array.from({ length: 8 }, () => ({ lastedMs: 500 })))).toEqual([
    "1",
    "2",
    "4",
    "8",
    "16",
    "32",
    "60",
    "has failed 8 times since 2026-01-01T00:00:00.000Z without a new checkpoint",
  ]);
});

test("a run that got on is not counted, and those before it no more", () => {
  const futile = Array.from({ length: 7 }, () => ({ lastedMs: 0 }));
  const said = afterEach([...futile, { lastedMs: 0, gotOn: true }, ...futile, { lastedMs: 0 }]);
  expect(said.slice(7, -1)).toEqual(Array.from({ length: 8 }, () => "60"));
  // 1 + 2 + 4 + 8 + 16 + 32 + 60 seconds before the run that got on, and 60 behind it.
  expect(said.at(-1)).toBe("has failed 8 times since 2026-01-01T00:03:03.000Z without a new checkpoint");
});

test("the pause is short again after a run that got on and lasted a minute, not after one that did only one of both", () => {
  const row = [{ lastedMs: 0 }, { lastedMs: 0 }];
  expect(afterEach([...row, { lastedMs: 60_000, gotOn: true }, ...row])).toEqual(["1", "2", "1", "2", "4"]);
  expect(afterEach([...row, { lastedMs: 59_999, gotOn: true }])).toEqual(["1", "2", "4"]);
  expect(afterEach([...row, { lastedMs: 60_000 }])).toEqual(["1", "2", "4"]);
});

test("what is said has the pause and how many failures are left", () => {
  const failed = { startedMs: 0, endedMs: 1 };
  expect(judged(undefined, { ...failed, gotOn: false })).toMatchObject({
    words: "Starting again in 1 s; failure 1 of at most 8 without a new checkpoint.",
  });
  expect(judged(undefined, { ...failed, gotOn: true })).toMatchObject({
    words: "Starting again in 1 s; it had got on.",
  });
});
