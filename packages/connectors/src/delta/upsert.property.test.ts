import { t } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { batchOf } from "@df/core/batch/rows";
import { Crashes } from "@df/testing/crashes";
import type { LogRow } from "@df/testing/log";
import { SinkDriver } from "@df/testing/sink-driver";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { factoryOn, foreignCompaction, readTable } from "./table.testing.ts";

const { schema } = t.row({
  place: t.string().nullable(),
  id: t.int64(),
  amount: t.decimal(18, 2).nullable(),
  note: t.string().nullable(),
});
type Value = Readonly<Record<string, unknown>>;

const key = fc.record({
  place: fc.constantFrom("a", "b/c", "__HIVE_DEFAULT_PARTITION__", null),
  id: fc.constantFrom(0n, 1n, 2n, -1n, 9223372036854775807n),
});
const rest = fc.record({
  amount: fc.option(fc.constantFrom("0.00", "-0.05", "9999999999999999.99")),
  note: fc.option(unicodeText(3)),
});
const step = fc.record({ key, rest, isDelete: fc.boolean() });
const delivery = fc.record({
  steps: fc.array(step, { maxLength: 12 }),
  before: fc.constantFrom("nothing", "restart", "compaction", "compaction while staged", "lost index"),
});

function textOf(row: Value): string {
  return JSON.stringify([row["place"], String(row["id"]), row["amount"], row["note"]]);
}

function driverOn(
  store: ObjectStore,
  change: "upsert" | "retract",
  partitionBy: readonly string[],
): SinkDriver {
  const shape = { schema, change, key: ["place", "id"], timed: false };
  return new SinkDriver({
    factory: factoryOn(store, partitionBy),
    options: {},
    directory: "/",
    shape,
    crashes: new Crashes(),
    batchRows: 5,
  });
}

/** The changes of an upsert stream, or of a retract stream with the old rows taken back; updates the model. */
function changesOf(
  steps: readonly { readonly key: Value; readonly rest: Value; readonly isDelete: boolean }[],
  model: Map<string, Value>,
  isRetract: boolean,
): LogRow[] {
  const changes: LogRow[] = [];
  for (const { key: id, rest: others, isDelete } of steps) {
    const name = JSON.stringify([id["place"], String(id["id"])]);
    const old = model.get(name);
    const row = { ...id, ...others };
    if (isRetract && old !== undefined) changes.push({ row: old, diff: -1 });
    if (isDelete) {
      if (!isRetract) changes.push({ row: id, diff: -1 });
      model.delete(name);
    } else {
      changes.push({ row, diff: 1 });
      model.set(name, row);
    }
  }
  return changes;
}

function hashOf(rows: Iterable<Value>): string {
  const hash = new ContentHash();
  const codec = new CanonicalCodec(schema);
  for (const row of rows) hash.add(codec.encode(batchOf(schema, [row]), 0));
  return hash.toString();
}

async function commitAround(
  driver: SinkDriver,
  epoch: number,
  rows: LogRow[],
  between: () => Promise<void>,
): Promise<void> {
  await driver.stop();
  const committer = await driver.open();
  const intent = await driver.stage(committer, { epoch, rows });
  await between();
  await driver.commit(committer, intent);
  await committer.close();
}

test("a table shows the last row per key after any upserts, retractions, restarts and compactions by others", async () => {
  const deliveries = fc.array(delivery, { minLength: 1, maxLength: 8 });
  const property = fc.asyncProperty(
    deliveries,
    fc.boolean(),
    fc.boolean(),
    async (given, isRetract, isPartitioned) => {
      const store = memoryStore();
      const change = isRetract ? "retract" : "upsert";
      const partitionBy = isPartitioned ? ["place"] : [];
      let driver = driverOn(store, change, partitionBy);
      const model = new Map<string, Value>();
      for (const [i, { steps, before }] of given.entries()) {
        const rows = changesOf(steps, model, isRetract);
        // The plain compaction of these tests makes one file, so it suits tables without partitions.
        const compact = async (): Promise<void> => {
          if (!isPartitioned && i > 0) await foreignCompaction(store, schema);
        };
        if (before === "restart") await driver.stop();
        if (before === "compaction") await compact();
        if (before === "lost index") {
          const { delivered } = driver;
          await driver.stop();
          driver = driverOn(store, change, partitionBy);
          driver.delivered = delivered;
        }
        if (before === "compaction while staged") await commitAround(driver, i + 1, rows, compact);
        else await driver.deliver({ epoch: i + 1, rows });
        const shown = (await readTable(store, schema, partitionBy)).map(textOf).toSorted();
        expect(shown).toEqual([...model.values()].map(textOf).toSorted());
        expect(driver.delivered?.contentHash).toBe(hashOf(model.values()));
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
