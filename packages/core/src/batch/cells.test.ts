import fc from "fast-check";
import { expect, test } from "vitest";
import { dateDays, dateText, decimalText, decimalUnscaled, microsOf, millisOf } from "./cells.ts";

test("dates agree with JavaScript's calendar in both directions", () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
      const text = new Date(days * 86_400_000).toISOString().slice(0, -14);
      expect(dateText(days)).toBe(text);
      expect(dateDays(text)).toBe(days);
    }),
    { examples: [[0], [-1], [-719_528], [-719_529], [2_932_896], [2_932_897]] },
  );
});

test("every int32 has a date of its own", () => {
  for (const days of [-2_147_483_648, 2_147_483_647]) expect(dateDays(dateText(days))).toBe(days);
  expect(dateText(2_147_483_647)).toBe("+5881580-07-11");
});

test("text that is no date is refused", () => {
  const wrong = [
    "",
    "2026-1-1",
    "2026-13-01",
    "2026-00-01",
    "2026-02-29",
    "1900-02-29",
    "2026-04-31",
    "2026-01-00",
  ];
  for (const text of [...wrong, " 2026-01-01", "2026-01-01T00:00", "+5881580-07-12"]) {
    expect(() => dateDays(text)).toThrow("DF_VALUE");
  }
  expect(dateText(dateDays("2000-02-29"))).toBe("2000-02-29");
});

test("decimal text is exact and canonical", () => {
  expect(decimalText(-120, 2)).toBe("-1.20");
  expect(decimalText(5n, 2)).toBe("0.05");
  expect(decimalText(-5, 2)).toBe("-0.05");
  expect(decimalText(-0, 2)).toBe("0.00");
  expect(decimalText(7, 0)).toBe("7");
  expect(decimalText(-(10n ** 18n) + 1n, 18)).toBe("-0.999999999999999999");
});

test("decimals are read from text and from whole units, never rounded", () => {
  expect(decimalUnscaled("-1.2", 10, 2)).toBe(-120n);
  expect(decimalUnscaled("+007.1000", 10, 2)).toBe(710n);
  expect(decimalUnscaled("-0", 10, 2)).toBe(0n);
  expect(decimalUnscaled(3n, 10, 2)).toBe(300n);
  expect(decimalUnscaled("99999999.99", 10, 2)).toBe(9_999_999_999n);
  for (const text of ["1.001", "100000000", "1e3", ".5", "1.", "", " 1", "NaN", "0x1", "--1"]) {
    expect(() => decimalUnscaled(text, 10, 2)).toThrow("DF_VALUE");
  }
  expect(() => decimalUnscaled(100_000_000n, 10, 2)).toThrow("DF_VALUE");
});

test("milliseconds keep the microseconds exactly from 1692 to 2247", () => {
  const start = Date.UTC(1692, 0) * 1000;
  const end = Date.UTC(2248, 0) * 1000;
  fc.assert(
    fc.property(fc.integer({ min: start, max: end }), (micros) => {
      expect(microsOf(millisOf(micros))).toBe(micros);
    }),
    { numRuns: 2000, examples: [[start], [end], [-1], [-999], [-1001]] },
  );
});

test("a point in time may be milliseconds, a Date or an Instant", () => {
  expect(microsOf(1.5)).toBe(1500);
  expect(microsOf(-0.001)).toBe(-1);
  expect(Object.is(microsOf(-0), 0)).toBe(true);
  expect(microsOf(new Date(-1))).toBe(-1000);
  expect(microsOf({ epochNanoseconds: 1999n })).toBe(1);
  expect(microsOf({ epochNanoseconds: -1n })).toBe(-1);
  expect(microsOf({ epochNanoseconds: -2000n })).toBe(-2);
  for (const value of [Number.NaN, Infinity, 1e13, new Date(Number.NaN), "2026-01-01", 5n, {}, null]) {
    expect(() => microsOf(value)).toThrow("DF_VALUE");
  }
});
