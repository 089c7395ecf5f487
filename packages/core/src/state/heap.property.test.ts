import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextHeap } from "./heap.ts";
import { MEMORY_BYTES_MAX } from "./memory.ts";

describe("heap", () => {
  it("gives back the bytes of every reference, whatever was put and freed around it", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.nat({ max: 300 }).map((length) => ({ length, free: -1 })) },
      { weight: 1, arbitrary: fc.nat({ max: 50_000 }).map((length) => ({ length, free: -1 })) },
      { weight: 3, arbitrary: fc.nat().map((free) => ({ length: 0, free })) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new TextHeap("texts", MEMORY_BYTES_MAX);
        const live = new Map<number, Uint8Array>();
        let handedOutTwice = 0;
        for (const [i, { length, free }] of steps.entries()) {
          if (free < 0) {
            const bytes = Uint8Array.from({ length: length + 3 }, (_, at) => at * 7 + i);
            const reference = heap.put(bytes, 3, bytes.length);
            if (live.has(reference) || reference <= 0) handedOutTwice++;
            live.set(reference, bytes.subarray(3));
          } else if (live.size > 0) {
            const reference = [...live.keys()][free % live.size] ?? 0;
            heap.free(reference);
            live.delete(reference);
          }
        }
        expect(handedOutTwice).toBe(0);
        for (const [reference, bytes] of live) expect(Buffer.compare(heap.get(reference), bytes)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("takes no more memory when the same sizes come and go", () => {
    const heap = new TextHeap("texts", MEMORY_BYTES_MAX);
    const bytes = new Uint8Array(5000);
    const round = (): void => {
      const references = Array.from({ length: 500 }, (_, i) => heap.put(bytes, 0, i * 10));
      for (const reference of references) heap.free(reference);
    };
    round();
    const sizeBytes = heap.memory.bytes.length;
    for (let i = 0; i < 20; i++) round();
    expect(heap.memory.bytes.length).toBe(sizeBytes);
  });

  it("wastes at most a fifth of a block plus 16 bytes", () => {
    for (let length = 0; length < 10_000; length += 7) {
      const heap = new TextHeap("texts", MEMORY_BYTES_MAX);
      const bytes = new Uint8Array(length);
      const size = (heap.put(bytes, 0, length) - heap.put(bytes, 0, length)) * -16;
      expect(size).toBeGreaterThanOrEqual(length + 4);
      expect(size).toBeLessThanOrEqual((length + 4) * 1.25 + 16);
    }
  });

  it("copies one of its own texts while it grows", () => {
    const heap = new TextHeap("texts", MEMORY_BYTES_MAX);
    let reference = heap.put(new Uint8Array(100_000).fill(7), 0, 100_000);
    for (let i = 0; i < 100; i++) reference = heap.put(heap.get(reference), 0, 100_000);
    expect(heap.get(reference).every((byte) => byte === 7)).toBe(true);
  });

  it("reads reference 0 as empty, and notices a second free", () => {
    const heap = new TextHeap("texts", MEMORY_BYTES_MAX);
    expect(heap.get(0)).toEqual(new Uint8Array(0));
    const reference = heap.put(new Uint8Array(3), 0, 3);
    heap.free(reference);
    expect(() => heap.free(reference)).toThrow(/read after it was freed/);
  });
});
