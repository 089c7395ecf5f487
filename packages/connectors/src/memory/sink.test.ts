import { t } from "@df/core";
import type { ChangeMode, Shape } from "@df/core";
import { checkSink, Crashes, crashing, SinkDriver, stateAfter } from "@df/testing";
import type { LogRow } from "@df/testing";
import { expect, test } from "vitest";
import { committerFactory } from "./committer.ts";
import { memorySink } from "./sink.ts";
import { dropMemoryTarget, memoryTarget } from "./target.ts";

const { schema } = t.row({ id: t.int32(), name: t.string().nullable(), raw: t.bytes() });
const shapeOf = (change: ChangeMode): Shape => ({
  schema,
  change,
  key: change === "append" ? [] : ["id"],
  timed: false,
});
const change = (id: number, name: string | null, diff = 1): LogRow => ({
  row: { id, name, raw: Uint8Array.of(id) },
  diff,
});

let targets = 0;

function target(shape: Shape) {
  return async (crashes: Crashes) => {
    const name = `check-${targets++}`;
    return {
      options: { name },
      factory: {
        open: async (...given: Parameters<typeof committerFactory.open>) =>
          crashing(await committerFactory.open(...given), crashes),
      },
      read: async () => stateAfter(shape, memoryTarget(name).changes),
      close: async () => dropMemoryTarget(name),
    };
  };
}

test.each([
  ["append", [[change(1, "a"), change(1, "a")], [], [change(2, null)]]],
  [
    "upsert",
    [
      [change(1, "a"), change(2, "b")],
      [],
      [change(1, "c"), change(2, "b", -1), change(3, "x", -1)],
      [change(1, "c")],
    ],
  ],
  [
    "retract",
    [[change(1, "a")], [change(1, "a", -1), change(1, "b"), change(7, null)], [change(7, null, -1)]],
  ],
] as const)("a memory sink shows each %s change exactly once", async (mode, deliveries) => {
  const shape = shapeOf(mode);
  await expect(checkSink({ shape, deliveries, target: target(shape) })).resolves.toBeUndefined();
});

test.each([
  ["append", [change(1, "a")], [change(2, "b"), change(3, null)]],
  ["upsert", [change(1, "a"), change(2, "b")], [change(1, "c"), change(2, "b", -1), change(3, "x")]],
  ["retract", [change(1, "a")], [change(1, "a", -1), change(1, "b")]],
] as const)(
  "a muted memory sink says of %s what a state that is behind makes of its rows, and keeps none of them",
  async (mode, first, second) => {
    const name = `muted-${mode}`;
    const given = { factory: committerFactory, options: { name }, directory: "/", shape: shapeOf(mode) };
    const driver = new SinkDriver({ ...given, crashes: new Crashes(), batchRows: 10 });
    const behind = new SinkDriver({ ...given, crashes: new Crashes(), batchRows: 10, muted: true });
    await driver.deliver({ epoch: 1, rows: first });
    behind.delivered = driver.delivered;
    await driver.deliver({ epoch: 2, rows: second });
    const shown = memoryTarget(name);
    const before = { changes: [...shown.changes], version: shown.version };
    const { marker, manifest } = await behind.stage(await behind.open(), { epoch: 2, rows: second });
    expect(marker.contentHash).toBe(shown.marker?.contentHash);
    expect(manifest).toEqual({ staged: 0, rows: 0 });
    expect({ changes: shown.changes, version: shown.version }).toEqual(before);
    dropMemoryTarget(name);
  },
);

test("a memory sink fails where a test says so, and the repeated call makes it good", async () => {
  const shape = shapeOf("append");
  const { options } = memorySink("failing");
  const driver = new SinkDriver({
    factory: committerFactory,
    options,
    directory: "/",
    shape,
    crashes: new Crashes(),
    batchRows: 10,
  });
  const shown = memoryTarget("failing");
  const seen: number[] = [];
  for (const where of ["stage", "before commit", "after commit"] as const) {
    const epoch = seen.length + 1;
    shown.failNext(where);
    const deliver = () => driver.deliver({ epoch, rows: [change(epoch, where)] });
    await expect(deliver()).rejects.toMatchObject({ code: "DF_MEMORY_FAILURE", transient: true });
    seen.push(shown.changes.length);
    await deliver();
    expect(shown.changes.map(({ row }) => row["id"])).toEqual(Array.from({ length: epoch }, (_, i) => i + 1));
  }
  // Only what failed after its commit was there already when the call failed.
  expect(seen).toEqual([0, 1, 3]);
  dropMemoryTarget("failing");
});

test("a memory sink needs a name, and a key for upserts", () => {
  expect(() => memorySink("")).toThrow("DF_OPTION");
  expect(() => memorySink("x").check({ ...shapeOf("upsert"), key: [] })).toThrow(
    /memorySink\("x"\).*\[DF_CHANGE\]/,
  );
  expect(() => memorySink("x").check(shapeOf("retract"))).not.toThrow();
});
