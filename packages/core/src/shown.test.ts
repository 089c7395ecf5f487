import { expect, test } from "vitest";
import type { Intent, Marker } from "./connector.ts";
import { isShown } from "./shown.ts";

const markerOf = (epoch: number, hash: string): Marker => ({
  pipeline: "p",
  lineage: "l",
  epoch,
  hash,
  positions: {},
  clock: null,
  contentHash: "",
});
const intent: Intent = { marker: markerOf(7, "ours"), follows: "before", manifest: null };

test("an intent is shown when the target has its marker, and may be added when it has the one before", () => {
  expect(isShown(markerOf(7, "ours"), intent, "T")).toBe(true);
  expect(isShown(markerOf(5, "before"), intent, "T")).toBe(false);
  expect(isShown(undefined, { ...intent, follows: null }, "T")).toBe(false);
});

test("whatever else the target shows, an older epoch of a copy of this state too, is not added to", () => {
  for (const shown of [undefined, markerOf(6, "of a copy"), markerOf(7, "of a copy"), markerOf(9, "later")]) {
    expect(() => isShown(shown, intent, "T")).toThrow("DF_SINK_OTHER_LINEAGE");
  }
  expect(() => isShown(markerOf(1, "of a copy"), { ...intent, follows: null }, "T")).toThrow(
    "T shows epoch 1",
  );
});
