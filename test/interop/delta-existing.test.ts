import { pipeline, t } from "dataflow";
import { delta } from "dataflow/delta";
import { memorySource } from "dataflow/memory";
import { describe, expect, test } from "vitest";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering } from "./delivering.ts";
import { everyRows, EveryType, type EveryRow } from "./every-type.ts";
import { ordersTable } from "./orders-table.ts";

describe.skipIf(missingReaders !== undefined)(
  `Delta, existing tables${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("rows are added to a table that delta-rs has made, beside its own", async () => {
      const log: EveryRow[] = [];
      const { table, deliverEach } = delivering(
        pipeline("append", { checkpointEvery: "1ms" }, (p) => {
          p.from("log", memorySource(log, EveryType, { bounded: false })).to(
            "out",
            delta({ path: "./table", partitionBy: ["part"] }),
            { commitEvery: { bytes: 1 } },
          );
        }),
      );
      // One row, all null but its id.
      python("test/interop/delta_create.py", table, "every type");
      await deliverEach(2, () => log.push(...everyRows(log.length, 40)));
      const none = Object.fromEntries(Object.keys(EveryType.columns).map((name) => [name, null]));
      const rows = log.map((row) => ({ ...row, part: row.part === "" ? null : row.part }));
      const expected = canonicalLines(EveryType.schema, [...rows, { ...none, id: -1 }]);
      expect(sameForm(deltaRows(table))).toEqual(expected);
      expect(sameForm(deltaRows(table, "--engine", "duckdb"))).toEqual(expected);
    });

    test("rows that delta-rs wrote before are replaced by key, and others stay", async () => {
      const orders = ordersTable();
      python("test/interop/delta_create.py", orders.table, "orders");
      await orders.deliverOrders(3);
      const rows = sameForm(deltaRows(orders.table));
      const other = rows.filter((row) => row.includes("nobody"));
      expect(other).toHaveLength(1);
      expect(rows.filter((row) => !row.includes("nobody"))).toEqual(orders.expected());
      const [hash, marker] = python("test/interop/content_hash.py", orders.table);
      expect(hash).toBe(marker);
    });

    test("folders may be named for values of each type that has a text", async () => {
      const Row = t.row({ ...EveryType.columns, copy: t.int32() });
      const log = everyRows(0, 25).map((row) => ({ ...row, copy: row.id }));
      const partitionBy = ["flag", "small", "big", "exact", "day", "at"];
      const { table, deliver } = delivering(
        pipeline("folders", (p) => {
          p.from("log", memorySource(log, Row)).to("out", delta({ path: "./table", partitionBy }));
        }),
      );
      await deliver();
      const expected = canonicalLines(Row.schema, log);
      expect(sameForm(deltaRows(table))).toEqual(expected);
      expect(sameForm(deltaRows(table, "--engine", "duckdb"))).toEqual(expected);
      const [hash, marker] = python("test/interop/content_hash.py", table);
      expect(hash).toBe(marker);
    });
  },
);
