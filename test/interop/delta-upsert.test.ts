import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { sameForm } from "./canonical-lines.ts";
import { ordersTable } from "./orders-table.ts";

const DELIVERIES = 34;

/** A copy of a table without the commits that its newest checkpoint makes unnecessary. */
function withoutOldLog(table: string): string {
  const copy = join(newFolder("interop"), "table");
  cpSync(table, copy, { recursive: true });
  const log = join(copy, "_delta_log");
  const names = readdirSync(log);
  const newest =
    names
      .filter((name) => name.endsWith(".checkpoint.parquet"))
      .toSorted()
      .at(-1) ?? "";
  const old = names.filter((name) => /^\d{20}\.json$/.test(name) && name <= newest);
  for (const name of old) rmSync(join(log, name));
  expect(old.length).toBeGreaterThan(20);
  return copy;
}

describe.skipIf(missingReaders !== undefined)(
  `Delta, upsert${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("delta-rs reads what a table showed after each tenth of many deliveries, and after the last one", async () => {
      const orders = ordersTable();
      console.time("d");
      const shown = await orders.deliverOrders(DELIVERIES);
      console.timeEnd("d");
      console.log(orders.table);
      expect([...shown.keys()]).toEqual(Array.from({ length: DELIVERIES }, (_, i) => i + 1));
      for (const version of [1, 10, 20, 30]) {
        const rows = deltaRows(orders.table, "--version", String(version));
        expect({ version, rows: sameForm(rows) }).toEqual({ version, rows: shown.get(version) });
      }
      expect(sameForm(deltaRows(orders.table))).toEqual(orders.expected());
      expect(sameForm(deltaRows(withoutOldLog(orders.table)))).toEqual(orders.expected());
      console.log(python("test/interop/delta_reader.py", orders.table, "--prune"));
      console.log(python("test/interop/content_hash.py", orders.table));
    });
  },
);
