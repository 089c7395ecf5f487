import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryScratchFile, ScratchSpace } from "./scratch.ts";

/** Bytes that tell pieces apart. */
function piece(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i) & 0xff);
}

test("pieces keep their bytes while others are written, replaced and freed", () => {
  const step = fc.record({
    what: fc.constantFrom("put", "put", "replace", "free"),
    which: fc.nat(),
    length: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 5000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const space = new ScratchSpace(new MemoryScratchFile());
      const pieces: { place: number; bytes: Uint8Array }[] = [];
      for (const [i, { what, which, length }] of steps.entries()) {
        const bytes = piece(i, length);
        const at = which % Math.max(pieces.length, 1);
        const old = pieces[at];
        if (what === "put" || old === undefined) pieces.push({ place: space.put(bytes), bytes });
        else if (what === "replace") {
          pieces[at] = { place: space.replace(old.place, old.bytes.length, bytes), bytes };
        } else {
          space.free(old.place, old.bytes.length);
          pieces.splice(at, 1);
        }
        for (const { place, bytes: wanted } of pieces) {
          const read = new Uint8Array(wanted.length);
          space.read(place, read);
          deepEqual(read, wanted);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("what was freed is used again, so that a file grows no further than its pieces", () => {
  const space = new ScratchSpace(new MemoryScratchFile(10 * 1024));
  for (let round = 0; round < 100; round++) {
    const places = Array.from({ length: 9 }, (_, i) => space.put(piece(i, 1000 - i)));
    for (const [i, place] of places.entries()) space.free(place, 1000 - i);
  }
  expect(() => space.put(new Uint8Array(10 * 1024))).toThrow("DF_SCRATCH");
});
