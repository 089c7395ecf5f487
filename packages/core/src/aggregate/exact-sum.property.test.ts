import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "../batch/rows.ts";
import { t } from "../schema/kit.ts";
import { MemoryStateStore } from "../state/store.ts";
import { ExactSums, exactSumState } from "./exact-sum.ts";

const Key = t.row({ group: t.int32() });

/** Sums in a table of `groups` rows, with the word offsets of the rows. */
function openSums(groups: number) {
  const table = new MemoryStateStore().table("sums", { key: Key.schema, value: exactSumState("x") });
  const batch = batchOf(
    Key.schema,
    Array.from({ length: groups }, (_, group) => ({ group })),
  );
  const rows = Int32Array.from({ length: groups }, (_, row) => row);
  const ids = new Int32Array(groups);
  table.insert({ batch, columns: [0], rows, count: groups }, 0, ids, new Int32Array(groups));
  const offsets = new Int32Array(groups);
  table.offsets(ids, groups, offsets);
  return { sums: new ExactSums(table, table.offset("x.sum")), offsets, table };
}

/** A double as a whole number of 2^-1074, by arithmetic rather than from its bits. */
function fraction(value: number): bigint {
  let scaled = Math.abs(value);
  let exponent = 0;
  while (!Number.isInteger(scaled)) {
    scaled *= 2 ** 30;
    exponent += 30;
  }
  const units = (BigInt(scaled) << 1074n) >> BigInt(exponent);
  return value < 0 ? -units : units;
}

/** The double nearest to units / divisor · 2^-1074, found by bisection over all doubles, ties to even. */
function nearest(units: bigint, divisor: bigint): number {
  const target = (units < 0n ? -units : units) * 2n;
  const doubles = new BigUint64Array(1);
  const values = new Float64Array(doubles.buffer);
  const doubled = (bits: bigint): bigint => {
    doubles[0] = bits;
    // Beyond the largest double stands what it would be with one more exponent: overflow begins half-way to it.
    return bits === 0x7ff0000000000000n ? 1n << (1024n + 1074n + 1n) : fraction(values[0] as number) * 2n;
  };
  let low = 0n;
  let high = 0x7ff0000000000000n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (doubled(middle) * divisor <= target) low = middle;
    else high = middle;
  }
  const below = target - doubled(low) * divisor;
  const above = doubled(high) * divisor - target;
  doubles[0] = below < above || (below === above && (low & 1n) === 0n) ? low : high;
  return units < 0n ? -(values[0] as number) : (values[0] as number);
}

/** The rounded sum by the count; where the sum overflows, the exact quotient. */
function mean(exact: bigint, count: number): number {
  const sum = nearest(exact, 1n);
  return Number.isFinite(sum) ? sum / count : nearest(exact, BigInt(count));
}

interface Oracle {
  readonly sum: number;
  readonly average: number;
}

function oracle(values: readonly number[]): Oracle {
  const hasUp = values.includes(Number.POSITIVE_INFINITY);
  const hasDown = values.includes(Number.NEGATIVE_INFINITY);
  if (values.some(Number.isNaN) || (hasUp && hasDown)) return { sum: Number.NaN, average: Number.NaN };
  if (hasUp) return { sum: Number.POSITIVE_INFINITY, average: Number.POSITIVE_INFINITY };
  if (hasDown) return { sum: Number.NEGATIVE_INFINITY, average: Number.NEGATIVE_INFINITY };
  const exact = values.reduce((total, value) => total + fraction(value), 0n);
  if (exact !== 0n) return { sum: nearest(exact, 1n), average: mean(exact, values.length) };
  const zero = values.length > 0 && values.every((value) => Object.is(value, -0)) ? -0 : 0;
  return { sum: zero, average: values.length === 0 ? Number.NaN : zero };
}

const anyBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => {
  const words = BigUint64Array.of(bits);
  return new Float64Array(words.buffer)[0] as number;
});

const generators: Readonly<Record<string, fc.Arbitrary<number>>> = {
  cents: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => cents / 100),
  uniform: fc.double({ min: 0, max: 1, noNaN: true }),
  "log-normal": fc.double({ min: -30, max: 30, noNaN: true }).map((power) => Math.exp(power)),
  "random bits": anyBits,
  subnormal: fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }).map((units) => Number(units) * 2 ** -1074),
  huge: fc.constantFrom(
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    2 ** 1023,
    -(2 ** 1023),
    2 ** 970,
    -(2 ** 969),
    1e300,
  ),
  halfway: fc.constantFrom(
    1,
    2 ** -53,
    2 ** -54,
    -(2 ** -54),
    2 ** -106,
    -(2 ** -106),
    2 ** -120,
    1 + 2 ** -52,
    -1,
  ),
  zeros: fc.constantFrom(0, -0),
  special: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5, -0),
  mixed: fc.constantFrom(1e300, -1e300, 1e-300, -1e-300, 1, 1e16, -1e16, 0.1, 3),
  whole: fc.maxSafeInteger(),
};

const values = fc
  .oneof(...Object.values(generators).map((one) => fc.array(one, { maxLength: 40, size: "max" })))
  .chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })));

test("a sum is the exact sum rounded once, whatever the order", () => {
  const { sums, offsets } = openSums(1);
  const [row = 0] = offsets;
  fc.assert(
    fc.property(values, ([some, shuffled]) => {
      for (const list of [some, shuffled]) {
        for (const value of list) sums.add(row, value, 1);
        const expected = oracle(some);
        expect(sums.count(row)).toBe(some.length);
        expect(sums.sum(row)).toBe(expected.sum);
        expect(sums.average(row)).toBe(expected.average);
        for (const value of list) sums.add(row, value, -1);
      }
    }),
    { numRuns: 1500 },
  );
});

test("values added in parts and merged give the same sum", () => {
  fc.assert(
    fc.property(values, fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }), ([some, shuffled], parts) => {
      const { sums, offsets } = openSums(4);
      shuffled.forEach((value, index) => sums.add(offsets[parts[index] ?? 0] as number, value, 1));
      const [row = 0, ...others] = offsets;
      for (const other of others) sums.merge(row, other);
      expect(sums.count(row)).toBe(some.length);
      expect(sums.sum(row)).toBe(oracle(some).sum);
    }),
    { numRuns: 500 },
  );
});

test("a value taken back leaves no trace, also NaN and the infinities, and before it was added", () => {
  fc.assert(
    fc.property(
      values,
      values,
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      ([kept], [taken], isFirst, times) => {
        const { sums, offsets } = openSums(1);
        const [row = 0] = offsets;
        if (isFirst) for (const value of taken) sums.add(row, value, -times);
        for (const value of kept) sums.add(row, value, 1);
        for (const value of taken) sums.add(row, value, times);
        if (!isFirst) for (const value of taken) sums.add(row, value, -times);
        expect(sums.count(row)).toBe(kept.length);
        expect(sums.sum(row)).toBe(oracle(kept).sum);
      },
    ),
    { numRuns: 500 },
  );
});

const cell = fc.record({
  group: fc.nat(4),
  value: fc.option(fc.oneof(...Object.values(generators))),
  diff: fc.constantFrom(1, 1, 1, -1, 2),
});

test("a batch folded at once equals its values added one by one, nulls passed over", () => {
  const Row = t.row({ x: t.float64().nullable() });
  fc.assert(
    fc.property(
      fc.array(cell, { minLength: 1, maxLength: 60, size: "max" }),
      fc.boolean(),
      (cells, hasDiffs) => {
        const one = openSums(5);
        const all = openSums(5);
        const batch = batchOf(
          Row.schema,
          cells.map(({ value }) => ({ x: value })),
        );
        const [column] = batch.columns;
        if (column?.layout !== "double") throw new Error("float64 is stored as doubles");
        const rows = Int32Array.from(cells, ({ group }) => all.offsets[group] as number);
        const source = Int32Array.from(cells, (_, index) => index);
        const diffs = hasDiffs ? Int32Array.from(cells, ({ diff }) => diff) : undefined;
        all.sums.fold(rows, column, source, { count: cells.length, diffs });
        for (const { group, value, diff } of cells) {
          if (value !== null) one.sums.add(one.offsets[group] as number, value, hasDiffs ? diff : 1);
        }
        for (let group = 0; group < 5; group++) {
          const row = one.offsets[group] as number;
          expect(all.sums.count(all.offsets[group] as number)).toBe(one.sums.count(row));
          expect(all.sums.sum(all.offsets[group] as number)).toBe(one.sums.sum(row));
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** Adds a list of 4096 values to one row, `rounds` times. */
function foldRounds(list: readonly number[], rounds: number, first?: number): { sum: number; exact: bigint } {
  const { sums, offsets } = openSums(1);
  const [row = 0] = offsets;
  if (first !== undefined) sums.add(row, first, 1);
  const Row = t.row({ x: t.float64() });
  const [column] = batchOf(
    Row.schema,
    list.map((x) => ({ x })),
  ).columns;
  if (column?.layout !== "double") throw new Error("float64 is stored as doubles");
  const rows = new Int32Array(4096).fill(row);
  const source = Int32Array.from({ length: 4096 }, (_, index) => index);
  for (let round = 0; round < rounds; round++) sums.fold(rows, column, source, { count: 4096 });
  const once = list.reduce((total, x) => total + fraction(x), 0n);
  return { sum: sums.sum(row), exact: once * BigInt(rounds) + fraction(first ?? 0) };
}

test("two million adds, through many carries, stay exact", () => {
  const list = Array.from({ length: 4096 }, (_, index) => (index % 2 === 0 ? 0.1 : 1234567.89) + index / 100);
  const { sum, exact } = foldRounds(list, 500);
  expect(sum).toBe(nearest(exact, 1n));
});

test("six million adds that fill the lowest limb stay exact", () => {
  // 1 puts the lowest limb at 2^-66; the value is the largest that this limb takes whole.
  const { sum, exact } = foldRounds(
    Array.from({ length: 4096 }, () => 2 ** -35 - 2 ** -66),
    1500,
    1,
  );
  expect(sum).toBe(nearest(exact, 1n));
  const { sum: rest, exact: exactRest } = foldRounds(
    Array.from({ length: 4096 }, () => 2 ** -35 - 2 ** -66),
    1500,
    -1,
  );
  expect(rest).toBe(nearest(exactRest, 1n));
});

test("what a sum keeps in the heap is freed with its last special value", () => {
  const { sums, offsets, table } = openSums(1);
  const [row = 0] = offsets;
  const side = row + table.offset("x.side");
  for (const value of [Number.NaN, -0, Number.POSITIVE_INFINITY]) sums.add(row, value, 1);
  expect(table.words[side]).toBeGreaterThan(0);
  for (const value of [Number.NaN, -0, Number.POSITIVE_INFINITY]) sums.add(row, value, -1);
  expect(table.words[side]).toBe(0);
});
