import { Random } from "@df/testing/random";
import { expect, test } from "vitest";
import { type Point, slopeOf } from "./slope.ts";

/** Points of a line, with noise of which each is like the one before it by `likeness`, from 0 to 1. */
function noisy(random: Random, slope: number, likeness: number): Point[] {
  let noise = 0;
  return Array.from({ length: 120 }, (_, n) => {
    // The sum of twelve even numbers from 0 to 1 is normal enough.
    const drawn = Array.from({ length: 12 }, () => random.below(1000) / 1000).reduce((a, b) => a + b, -6);
    noise = likeness * noise + Math.sqrt(1 - likeness ** 2) * drawn;
    return { x: n / 60, y: 100 + slope * (n / 60) + noise };
  });
}

test("a line without noise has its slope, for certain", () => {
  const line = Array.from({ length: 10 }, (_, x) => ({ x, y: 3 + 2 * x }));
  expect(slopeOf(line)).toMatchObject({ slope: 2, low: 2, high: 2 });
});

test("too few points, or points of one moment, have no slope", () => {
  expect(slopeOf([])).toBeUndefined();
  expect(slopeOf([1, 2, 3].map((y) => ({ x: 1, y })))).toBeUndefined();
});

test.each([0, 0.6])(
  "the true slope lies between the bounds about 95 times of 100 (likeness %d)",
  (likeness) => {
    const random = new Random(5);
    const hits = Array.from({ length: 400 }, () => slopeOf(noisy(random, 1.5, likeness))).filter(
      (found) => found !== undefined && found.low <= 1.5 && found.high >= 1.5,
    );
    expect(hits.length / 400).toBeGreaterThan(0.91);
    expect(hits.length / 400).toBeLessThan(0.99);
  },
);
