import type { Field } from "@df/core";

/** The columns of a result that say which window a row is of. */
export const BOUNDS: readonly Field[] = ["windowStart", "windowEnd"].map((name) => ({
  name,
  type: { kind: "timestamp", json: "iso" },
  nullable: false,
  optional: false,
}));
