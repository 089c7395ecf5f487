import { dateText } from "@df/core/batch/cells";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Days } from "./moments.ts";

const bytes = new Uint8Array(64);
const out = new DataView(bytes.buffer);
const day = (days: Days, value: number): string =>
  Buffer.from(bytes.subarray(0, days.write(out, 0, value))).toString();
const time = (days: Days, micros: number): string =>
  Buffer.from(bytes.subarray(0, days.writeTime(out, 0, micros))).toString();

test("a point in time is ISO 8601 in UTC, with no more groups of digits than it needs", () => {
  const days = new Days();
  expect(time(days, 0)).toBe("1970-01-01T00:00:00Z");
  expect(time(days, 1_767_225_599_500_000)).toBe("2025-12-31T23:59:59.500Z");
  expect(time(days, 1_767_225_599_000_001)).toBe("2025-12-31T23:59:59.000001Z");
  expect(time(days, -1)).toBe("1969-12-31T23:59:59.999999Z");
});

test("every point in time is the one that Date has, and its microseconds, whichever came before it", () => {
  const days = new Days();
  fc.assert(
    fc.property(fc.maxSafeInteger(), (micros) => {
      const seconds = Math.floor(micros / 1e6);
      const expected = new Date(seconds * 1000).toISOString().slice(0, 19);
      const text = time(days, micros);
      expect(text.slice(0, 19)).toBe(expected);
      expect(Number(`0${text.slice(19, -1)}`)).toBeCloseTo((micros - seconds * 1e6) / 1e6, 9);
      expect(text).toMatch(/:\d\d(\.\d{3}|\.\d{6})?Z$/);
    }),
    { numRuns: 1000 },
  );
});

test("every date is the text that a lambda reads, also beyond the year 9999", () => {
  const days = new Days();
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.integer({ min: -5, max: 5 })), (value) => {
      expect(day(days, value)).toBe(dateText(value));
    }),
    { numRuns: 1000 },
  );
});
