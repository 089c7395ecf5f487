import { expect, test } from "vitest";
import { discard, givenAway } from "./given-away.ts";

test("only memory that is whole goes over to another thread, each piece once; no bytes are nobody's", () => {
  const whole = new Uint8Array(8);
  const part = new Uint8Array(8).subarray(1);
  const carriers = [{ bytes: whole }, { bytes: part }, { bytes: whole }, { bytes: new Uint8Array(0) }];
  expect(givenAway(carriers)).toEqual([whole.buffer]);
});

test("discarded memory is gone, and what others have a part in stays", () => {
  const whole = new Uint8Array(8);
  const shared = new Uint8Array(8).fill(1);
  discard([{ bytes: whole }, { bytes: shared.subarray(4) }]);
  expect([whole.length, [...shared.subarray(4)]]).toEqual([0, [1, 1, 1, 1]]);
});
