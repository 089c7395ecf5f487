import fc from "fast-check";
import { expect, test } from "vitest";
import type { Content } from "./content.ts";
import { ReadAhead } from "./read-ahead.ts";

const CONTENT_BYTES = 3_000_000;
const bytes = Uint8Array.from({ length: CONTENT_BYTES }, (_, at) => (at * 31 + (at >> 8)) & 0xff);

/** Content that is near, or is not, from one read to the next. */
function contentOf(nearness: readonly boolean[]): Content {
  let reads = 0;
  let next = 0;
  return {
    get isNear() {
      return nearness[reads % nearness.length] === true;
    },
    read: (into) => {
      const read = Math.min(into.length, CONTENT_BYTES - next);
      into.set(bytes.subarray(next, next + read));
      next += read;
      reads++;
      return Promise.resolve(read);
    },
    fileBytes: (offset) => offset,
    packed: () => undefined,
    checkEnd: () => Promise.resolve(),
    close: () => undefined,
  };
}

test("all bytes come, in their order, whether they are near, and however many are left each time", async () => {
  const left = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 100_000 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      fc.array(left, { minLength: 1, maxLength: 6 }),
      async (nearness, lefts) => {
        const ahead = new ReadAhead(contentOf(nearness));
        let taken = 0;
        for (let turn = 0; await ahead.more(); turn++) {
          const rest = bytes.subarray(taken, taken + ahead.to - ahead.from);
          expect(Buffer.compare(ahead.bytes.subarray(ahead.from, ahead.to), rest)).toBe(0);
          const some = Math.max(0, ahead.to - ahead.from - (lefts[turn % lefts.length] as number));
          ahead.from += some;
          taken += some;
        }
        expect(taken + ahead.to - ahead.from).toBe(CONTENT_BYTES);
      },
    ),
    { numRuns: 30 },
  );
});
