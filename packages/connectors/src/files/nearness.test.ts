import { expect, test } from "vitest";
import { Nearness } from "./nearness.ts";

/** For each read, whether it is made here; those that are take so many milliseconds. */
function reads(count: number, ms: (read: number) => number): boolean[] {
  const nearness = new Nearness();
  return Array.from({ length: count }, (_, read) => {
    const isHere = nearness.isNear;
    if (isHere) nearness.readHere(ms(read));
    else nearness.readAside();
    return isHere;
  });
}

test("all reads but the first are made here while they are fast", () => {
  expect(reads(5, () => 0.1)).toEqual([false, true, true, true, true]);
});

test("after a slow one the next 32 are left to another thread, then one is tried again", () => {
  const here = reads(200, (read) => (read < 100 ? 5 : 0.1)).flatMap((isHere, read) => (isHere ? [read] : []));
  expect(here.slice(0, 4)).toEqual([1, 34, 67, 100]);
  expect(here.slice(3)).toEqual(Array.from({ length: 100 }, (_, i) => 100 + i));
});
