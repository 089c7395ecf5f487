import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { sameForm } from "./canonical-lines.ts";
import { ordersTable, type OrdersTable } from "./orders-table.ts";

const DELIVERIES = 34;

/** A copy of a table without the commits that its newest checkpoint makes unnecessary. */
function withoutOldLog(table: string): string {
  const copy = join(newFolder("interop"), "table");
  cpSync(table, copy, { recursive: true });
  const log = join(copy, "_delta_log");
  const names = readdirSync(log).toSorted();
  const newest = names.findLast((name) => name.endsWith(".checkpoint.parquet")) ?? "";
  const old = names.filter((name) => /^\d{20}\.json$/.test(name) && name < newest);
  for (const name of old) rmSync(join(log, name));
  // Versions 0 to 29, as the newest checkpoint is that of version 30.
  expect(old).toHaveLength(30);
  return copy;
}

describe.skipIf(missingReaders !== undefined)(
  `Delta, upsert${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    let orders: OrdersTable;
    /** What each version must show. */
    let shown: ReadonlyMap<number, readonly string[]>;
    beforeAll(async () => {
      orders = ordersTable();
      shown = await orders.deliverOrders(DELIVERIES);
    });

    test("each delivery is one version, and most of them write deletion vectors", () => {
      expect([...shown.keys()]).toEqual(Array.from({ length: DELIVERIES }, (_, i) => i + 1));
      const vectors = readdirSync(orders.table).filter((name) => name.startsWith("deletion_vector_"));
      expect(vectors.length).toBeGreaterThan(25);
    });

    test.each([1, 10, 20, 30, DELIVERIES])(
      "delta-rs reads what the table showed as version %i",
      (version) => {
        const expected = shown.get(version) ?? [];
        expect(expected.length).toBeGreaterThan(20);
        expect(sameForm(deltaRows(orders.table, "--version", String(version)))).toEqual(expected);
      },
    );

    test("delta-rs reads the same from our checkpoint alone, without the log that led to it", () => {
      expect(sameForm(deltaRows(withoutOldLog(orders.table)))).toEqual(orders.expected());
    });

    test("old and new rows of a changelog leave the same table, partitioned by a column of the key", async () => {
      const changes = ordersTable(["windowStart"], "retract");
      await changes.deliverOrders(12);
      expect(sameForm(deltaRows(changes.table))).toEqual(changes.expected());
      const [hash, marker] = python("test/interop/content_hash.py", changes.table);
      expect(hash).toBe(marker);
    });

    test("filters of delta-rs find the same rows with our statistics as without, deletion vectors or not", () => {
      const [filters] = python("test/interop/delta_reader.py", orders.table, "--prune");
      expect(Number(filters)).toBeGreaterThan(150);
    });

    test("the content hash in the marker is what other code computes from the rows that delta-rs reads", async () => {
      // Nothing is new: it only reports.
      const { sinks } = await orders.deliver();
      const hashes = python("test/interop/content_hash.py", orders.table);
      expect(hashes).toEqual([sinks[0]?.contentHash, sinks[0]?.contentHash]);
    });
  },
);
