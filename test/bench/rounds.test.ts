import { expect, test } from "vitest";
import type { Side } from "../../bench/benchmark.ts";
import { alternate, median, type Turn } from "../../bench/rounds.ts";

/** Turns of a hundred units that take what a fake clock says. */
function timed(nanos: Readonly<Record<Side, readonly number[]>>): {
  readonly taken: Side[];
  readonly take: (side: Side) => Promise<Turn>;
} {
  const taken: Side[] = [];
  const left = { reference: [...nanos.reference], subject: [...nanos.subject] };
  const take = (side: Side): Promise<Turn> => {
    taken.push(side);
    return Promise.resolve({ units: 100, cpuNanos: (left[side].shift() ?? Number.NaN) * 100 });
  };
  return { taken, take };
}

test("the median is the middle of the sorted numbers, or the mean of the two there", () => {
  expect([median([7]), median([30, 1, 2]), median([4, 100, 1, 2])]).toEqual([7, 2, 3]);
  expect(() => median([])).toThrow("no median of nothing");
});

test("reference and subject take turns, round by round", async () => {
  const { taken, take } = timed({ reference: [1, 1, 1], subject: [1, 1, 1] });
  await alternate({ first: 1, counted: 2 }, take);
  expect(taken).toEqual(["reference", "subject", "reference", "subject", "reference", "subject"]);
});

test("the first rounds do not count", async () => {
  const { take } = timed({ reference: [900, 900, 10], subject: [5, 5, 20] });
  expect(await alternate({ first: 2, counted: 1 }, take)).toEqual({
    referenceNanos: 10,
    subjectNanos: 20,
    ratio: 2,
  });
});

test("a machine that slows down for a while changes no ratio, for it slows both sides of a round", async () => {
  const { take } = timed({ reference: [10, 50, 70], subject: [20, 100, 140] });
  expect(await alternate({ first: 0, counted: 3 }, take)).toMatchObject({ ratio: 2 });
});

test.each([
  ["another amount of work", { units: 5 }, "units: the reference has 4, the subject 5"],
  ["other results", { made: 2 }, "made: the reference has 1, the subject 2"],
])("a subject that does %s is no comparison", async (_what, other, message) => {
  const turn = { units: 4, made: 1, cpuNanos: 1 };
  const take = (side: Side): Promise<Turn> =>
    Promise.resolve(side === "subject" ? { ...turn, ...other } : turn);
  await expect(alternate({ first: 0, counted: 1 }, take)).rejects.toThrow(message);
});
