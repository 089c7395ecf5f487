import fc from "fast-check";
import { expect, test } from "vitest";
import { BEGINNING } from "../time.ts";
import { combine, type InputClock } from "./input-clock.ts";

test("live inputs give the lowest of their clocks, whatever idle and ended ones show", () => {
  const inputs: InputClock[] = [
    { clock: 30, status: "live" },
    { clock: 20, status: "live" },
    { clock: 10, status: "ended" },
    { clock: 5, status: "idle" },
  ];
  expect(combine(inputs, BEGINNING)).toEqual({ clock: 20, status: "live" });
});

test("when all have ended the clock becomes the highest of theirs", () => {
  const inputs: InputClock[] = [
    { clock: 10, status: "ended" },
    { clock: 40, status: "ended" },
  ];
  expect(combine(inputs, 10)).toEqual({ clock: 40, status: "ended" });
});

test("when none is live but one is only idle, the clock stays", () => {
  const inputs: InputClock[] = [
    { clock: 10, status: "idle" },
    { clock: 40, status: "ended" },
  ];
  expect(combine(inputs, 7)).toEqual({ clock: 7, status: "idle" });
});

test("the clock never goes back", () => {
  expect(combine([{ clock: 3, status: "live" }], 9).clock).toBe(9);
});

test("the end of time counts only once every input has sent it", () => {
  const drained: InputClock = { clock: Number.POSITIVE_INFINITY, status: "ended" };
  expect(combine([drained, { clock: 40, status: "ended" }], 40)).toEqual({ clock: 40, status: "ended" });
  expect(combine([drained, drained], 40)).toEqual(drained);
});

test("a shard without splits does not hold the others back", () => {
  const shards = [combine([{ clock: 40, status: "ended" }], BEGINNING), combine([], BEGINNING)];
  expect(combine(shards, BEGINNING)).toEqual({ clock: 40, status: "ended" });
});

test("combining by shards first gives what combining all splits at once gives", () => {
  const splits = fc.array(
    fc.record({ clock: fc.integer({ min: -50, max: 50 }), status: fc.constantFrom("live", "ended") }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(splits, fc.integer({ min: 1, max: 4 }), (all, shards) => {
      const groups = Array.from({ length: shards }, (_, shard) =>
        all.filter((__, index) => index % shards === shard),
      );
      const nested = combine(
        groups.map((group) => combine(group, BEGINNING)),
        BEGINNING,
      );
      expect(nested).toEqual(combine(all, BEGINNING));
    }),
  );
});
