import { expect, test } from "vitest";
import type { CheckpointRecord, LedgerEntry } from "./records.ts";
import { renamedFingerprint, renamedRecord } from "./rename-nodes.ts";

const entry = (node: string, rowsIn: number): LedgerEntry => ({
  node,
  rowsIn,
  rowsOut: 0,
  outcomes: { passed: rowsIn, folded: 0, filtered: 0, duplicate: 0, late: 0, quarantined: 0, expired: 0 },
  latePartial: 0,
  buffered: 0,
});
const record: CheckpointRecord = {
  epoch: 3,
  splits: [{ source: "s", split: "s", timeMax: 1, clock: 1, lift: null, status: "ended" }],
  clocks: { "s.filter": 2, group: null },
  sources: { s: { clock: 1, status: "ended" } },
  ledger: [entry("s", 5), entry("group", 4), entry("now", 7)],
  waiting: [],
  drained: false,
  params: { s: "s" },
  migrated: { group: ["tenants"], other: ["once"] },
  lambdas: { "s.filter": "f", "group.where().2": "w" },
};

test("a record has all of its nodes under their new ids, and nothing else changed", () => {
  const renames = new Map([
    ["s", "t"],
    ["s.filter", "t.filter"],
    ["group", "now"],
  ]);
  expect(renamedRecord(record, renames)).toEqual({
    ...record,
    splits: [{ ...record.splits[0], source: "t" }],
    clocks: { "t.filter": 2, now: null },
    sources: { t: { clock: 1, status: "ended" } },
    // Counts of a node that was gone long ago give way.
    ledger: [entry("t", 5), entry("now", 4)],
    waiting: undefined,
    migrated: { now: ["tenants"], other: ["once"] },
    lambdas: { "t.filter": "f", "now.where().2": "w" },
  });
});

test("a record says the clocks of sources under their new ids, where an adoption looks for those of the next marker", () => {
  const sources = { s: { clock: 1, status: "live" }, other: { clock: null, status: "idle" } } as const;
  expect(renamedRecord({ ...record, sources }, new Map([["s", "t"]]))).toMatchObject({
    sources: { t: sources.s, other: sources.other },
  });
});

test("a record of an older version, in which sources have their clocks among those of the steps, has them under new ids", () => {
  const { sources: _, ...older } = { ...record, clocks: { s: 1, "s.filter": 2 } };
  const renamed = renamedRecord(older, new Map([["s", "t"]]));
  expect(renamed.clocks).toEqual({ t: 1, "s.filter": 2 });
  expect(renamed).not.toHaveProperty("sources");
});

test("a fingerprint keeps what stands under an id, also under one that every object inherits", () => {
  const before = '{"sinks":{"out":1},"sources":{"s":2},"stateful":{"constructor":3}}';
  const renames = new Map([
    ["constructor", "toString"],
    ["out", "s2"],
  ]);
  expect(renamedFingerprint(before, renames)).toBe(
    '{"sinks":{"s2":1},"sources":{"s":2},"stateful":{"toString":3}}',
  );
});
