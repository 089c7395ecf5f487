import { expect, test } from "vitest";
import { DueBuckets } from "./due-buckets.ts";

test("ids are taken once, when the time of their list has come, and no later", () => {
  const due = new DueBuckets(10);
  due.set(1, 25);
  due.set(2, -25);
  due.set(3, 1_000_000);
  expect([...due.take(-26)]).toEqual([2]);
  expect([...due.take(19)]).toEqual([]);
  expect([...due.take(25)]).toEqual([1]);
  expect([...due.take(999_999)]).toEqual([]);
  expect([...due.take(Number.POSITIVE_INFINITY)]).toEqual([3]);
});

test("an id that is set again, deleted or used for another row is taken at its last time alone", () => {
  const due = new DueBuckets(1);
  due.set(1, 5);
  due.set(1, 3);
  due.set(2, 3);
  due.delete(2);
  due.set(2, 5);
  due.set(1, 5);
  expect([...due.take(4)]).toEqual([]);
  expect([...due.take(5)]).toEqual([1, 2]);
});

test("an id that is set back to a time that was taken comes with the next one", () => {
  const due = new DueBuckets(10);
  due.set(5000, 12);
  expect([...due.take(11)]).toEqual([5000]);
  due.set(5000, 12);
  expect([...due.take(11)]).toEqual([5000]);
  due.set(5000, 3);
  expect([...due.take(12)]).toEqual([5000]);
  expect([...due.take(Number.POSITIVE_INFINITY)]).toEqual([]);
});

test("ids that are listed are told once each, also if they were moved on and back", () => {
  const due = new DueBuckets(10);
  due.set(1, 5);
  due.set(1, 15);
  due.set(1, 5);
  due.set(2, 15);
  due.set(3, 15);
  due.delete(3);
  expect(due.listed()).toEqual([1, 2]);
  expect(due.first((id) => (id === 1 ? 9 : 15))).toBe(9);
  expect([...due.take(9)]).toEqual([1]);
});
