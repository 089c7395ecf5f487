import { DataflowError, NO_CHANGES, t } from "@df/core";
import type { Committer, Intent, Marker, Shape } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { rowsOf } from "@df/core/batch/rows";
import { describe, expect, test } from "vitest";
import { checkSink } from "./check-sink.ts";
import { Crash, Crashes, crashing } from "./crashes.ts";
import type { LogRow, PlainRow } from "./log.ts";

const shape: Shape = { schema: t.row({ id: t.int32() }).schema, change: "append", key: [], timed: false };
const deliveries: readonly (readonly LogRow[])[] = [
  [{ row: { id: 1 } }, { row: { id: 1 } }],
  [],
  [{ row: { id: 2 } }],
];

interface Table {
  rows: PlainRow[];
  marker: Marker | undefined;
  version: number;
}

/** What the committer under test does wrong. */
type Fault =
  | "none"
  | "repeats"
  | "shows staged"
  | "marker first"
  | "rows first"
  | "any lineage"
  | "wrong hash"
  | "loses";

/** A small committer whose table takes rows and marker in one step, unless it is broken. */
function committer(table: Table, fault: Fault, crashes: Crashes): Committer {
  const isDone = ({ epoch, lineage }: Marker): boolean => {
    const shown = table.marker;
    if (shown === undefined || fault === "repeats") return false;
    if (shown.lineage !== lineage && fault !== "any lineage") {
      throw new DataflowError("DF_SINK_OTHER_LINEAGE", "another lineage");
    }
    return shown.epoch >= epoch;
  };
  return {
    prepare: async () => {},
    marker: async () => table.marker,
    stage: async ({ batches }) => {
      const hash =
        table.marker === undefined ? new ContentHash() : ContentHash.parse(table.marker.contentHash);
      const codec = new CanonicalCodec(shape.schema);
      const rows: { id: number }[] = [];
      for await (const batch of batches) {
        for (let row = 0; row < batch.length; row++) hash.add(codec.encode(batch, row));
        for (const row of rowsOf(batch)) rows.push({ id: Number(row["id"]) });
      }
      if (fault === "shows staged") table.rows.push(...rows);
      const contentHash = fault === "wrong hash" ? "0".repeat(32) : hash.toString();
      return { manifest: rows, index: NO_CHANGES, contentHash, rows: rows.length };
    },
    commit: async ({ marker, manifest }: Intent) => {
      const rows = manifest as unknown as PlainRow[];
      if (rows.length > 0 && !isDone(marker)) {
        if (fault === "marker first") table.marker = marker;
        if (fault === "marker first") crashes.point();
        if (fault !== "shows staged") table.rows.push(...rows.slice(fault === "loses" ? 1 : 0));
        if (fault === "rows first") crashes.point();
        table.marker = marker;
        table.version++;
      }
      return { version: String(table.version), state: null };
    },
    close: async () => {},
  };
}

function check(fault: Fault): Promise<void> {
  return checkSink({
    shape,
    deliveries,
    target: async (crashes) => {
      const table: Table = { rows: [], marker: undefined, version: 0 };
      const open = async () => crashing(committer(table, fault, crashes), crashes);
      return { options: {}, factory: { open }, read: async () => table.rows };
    },
  });
}

describe("checkSink", () => {
  test("passes a committer that takes rows and marker in one step", async () => {
    await expect(check("none")).resolves.toBeUndefined();
  });

  test.each([
    ["repeats", /commit twice/],
    ["shows staged", /never committed/],
    ["marker first", /crash at point \d+.*missing: \{id:1\}/],
    ["rows first", /crash at point \d+.*too much: \{id:1\}/],
    ["any lineage", /another lineage/],
    ["wrong hash", /content hash/],
    ["loses", /without a crash.*missing: \{id:1\}/],
  ] as const)("finds a committer that %s", async (fault, message) => {
    await expect(check(fault)).rejects.toThrow(message);
  });
});

describe("crashes", () => {
  test("strike once before and once after each effect, and the dead do nothing more", async () => {
    const crashes = new Crashes();
    const done: number[] = [];
    const port = crashing({ write: async (value: number) => done.push(value) }, crashes);
    crashes.arm(1);
    await expect(port.write(1)).rejects.toThrow(Crash);
    await expect(port.write(2)).rejects.toThrow(Crash);
    expect(done).toEqual([]);
    crashes.restart();
    crashes.arm(2);
    await expect(port.write(3)).rejects.toThrow(Crash);
    expect(done).toEqual([3]);
    crashes.restart();
    expect(await port.write(4)).toBe(2);
  });
});
