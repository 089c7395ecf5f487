import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { mergedOrder } from "./merge-order.ts";

test("merged runs are the sorted whole, whatever the runs", () => {
  const runs = fc.array(fc.array(fc.integer({ min: -50, max: 50 })), { maxLength: 12 });
  fc.assert(
    fc.property(runs, (parts) => {
      const sorted = parts.map((part) => Int32Array.from(part).sort());
      deepEqual(
        mergedOrder(sorted, (a, b) => a - b),
        Int32Array.from(parts.flat()).sort(),
      );
    }),
  );
});
