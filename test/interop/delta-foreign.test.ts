import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow } from "../cli/tables.ts";
import { deltaRows, deltaVersion, missingReaders, python } from "../outside-readers.ts";
import { sameForm } from "./canonical-lines.ts";
import { ordersTable, type OrdersTable } from "./orders-table.ts";

/** What delta-rs does to a table. */
type Foreign = "compact" | "delete" | "update" | "checkpoint" | "clean" | "vacuum" | "restore";

function foreign({ table }: OrdersTable, action: Foreign, ...given: readonly string[]): void {
  python("test/interop/delta_foreign.py", table, action, ...given);
}

/**
 * Deletes every file that the newest version does not name. Compacted first: a full vacuum of delta-rs knows nothing of
 * deletion vectors and would delete those too.
 */
function sweep(orders: OrdersTable): void {
  foreign(orders, "compact");
  foreign(orders, "vacuum", "full");
}

/** The content hash of the rows that delta-rs reads, and the one that our newest marker has. */
function contentHashes({ table }: OrdersTable): string[] {
  return python("test/interop/content_hash.py", table);
}

const readBy = ({ table }: OrdersTable, ...given: readonly string[]): string[] =>
  sameForm(deltaRows(table, ...given));

describe.skipIf(missingReaders !== undefined)(
  `Delta, other writers${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test.each([
      ["compact", []],
      ["compact", ["windowStart"]],
      ["checkpoint", []],
      ["checkpoint", ["windowStart"]],
      ["vacuum", []],
    ] as const)(
      "a table keeps each row once when delta-rs does “%s” between runs, deliveries and before a commit (by %j)",
      async (action, partitionBy) => {
        const orders = ordersTable(partitionBy);
        await orders.deliverOrders(11);
        // There is something to sweep up, of deletion vectors too.
        if (action === "vacuum") foreign(orders, "compact");
        foreign(orders, action);
        expect(readBy(orders)).toEqual(orders.expected());
        await orders.deliverOrders(4, {
          before: (delivery) => delivery === 2 && foreign(orders, action),
          staged: (delivery) => delivery === 3 && foreign(orders, action),
        });
        if (action === "vacuum") sweep(orders);
        expect(readBy(orders)).toEqual(orders.expected());
        const [rows, marker] = contentHashes(orders);
        expect(rows).toBe(marker);
      },
    );

    test("rows that delta-rs deletes stay deleted until they change, and come back whole", async () => {
      const orders = ordersTable();
      await orders.deliverOrders(6);
      foreign(orders, "delete", `"user" = 'a'`);
      orders.forget("a", "all");
      expect(readBy(orders)).toEqual(orders.expected());
      await orders.deliverOrders(3, {
        before: (delivery) => {
          if (delivery !== 1) return;
          foreign(orders, "delete", `"user" = 'ü'`);
          orders.forget("ü", "all");
        },
        staged: (delivery) => {
          if (delivery !== 2) return;
          foreign(orders, "delete", `"user" = '😀'`);
          orders.forget("😀", "but the last delivery's");
        },
      });
      expect(readBy(orders)).toEqual(orders.expected());
      // Rows that others delete behind staging are counted from the next delivery on.
      await orders.deliverOrders(1);
      expect(readBy(orders)).toEqual(orders.expected());
      const [rows, marker] = contentHashes(orders);
      expect(rows).toBe(marker);
    });

    test("a table goes on from checkpoints of delta-rs alone, with the log before them gone", async () => {
      const orders = ordersTable();
      await orders.deliverOrders(5);
      foreign(orders, "checkpoint");
      foreign(orders, "clean");
      await orders.deliverOrders(2);
      foreign(orders, "compact");
      foreign(orders, "checkpoint");
      foreign(orders, "clean");
      await orders.deliverOrders(1);
      expect(readBy(orders)).toEqual(orders.expected());
    });

    test("values that delta-rs has changed stay until the engine has new ones for their row", async () => {
      const orders = ordersTable();
      await orders.deliverOrders(5);
      foreign(orders, "update", "amount = -1", `"user" = 'a'`);
      const changed = readBy(orders).filter((row) => row.includes('"amount":"-1"'));
      expect(changed.length).toBeGreaterThan(1);
      // As many as touch each row of that user.
      await orders.deliverOrders(6);
      expect(readBy(orders)).toEqual(orders.expected());
      const [rows, marker] = contentHashes(orders);
      expect(rows).toBe(marker);
    });

    test("a table that delta-rs set back behind our last delivery is refused, and nothing is written", async () => {
      const orders = ordersTable();
      const shown = await orders.deliverOrders(5);
      foreign(orders, "restore", "3");
      const before = filesBelow(orders.table);
      await expect(orders.deliverOrders(1)).rejects.toMatchObject({ code: "DF_SINK_ROLLED_BACK" });
      expect(filesBelow(orders.table)).toEqual(before);
      expect(readBy(orders)).toEqual(shown.get(3));
    });

    test("a table that delta-rs sets back between staging and commit gets no commit any more", async () => {
      const orders = ordersTable();
      const shown = await orders.deliverOrders(5);
      const staged = (): void => foreign(orders, "restore", "3");
      await expect(orders.deliverOrders(1, { staged })).rejects.toMatchObject({
        code: "DF_SINK_ROLLED_BACK",
      });
      expect(deltaVersion(orders.table)).toBe(6);
      expect(readBy(orders)).toEqual(shown.get(3));
      await expect(orders.deliver()).rejects.toMatchObject({ code: "DF_SINK_ROLLED_BACK" });
      expect(deltaVersion(orders.table)).toBe(6);
    });

    test("a table that delta-rs set back is refused although the log of it is gone", async () => {
      const orders = ordersTable();
      const shown = await orders.deliverOrders(5);
      foreign(orders, "restore", "3");
      // Without it the checkpoint's own commit, which stays, would be the one that says so.
      foreign(orders, "compact");
      foreign(orders, "checkpoint");
      foreign(orders, "clean");
      const before = filesBelow(orders.table);
      await expect(orders.deliverOrders(1)).rejects.toMatchObject({ code: "DF_SINK_ROLLED_BACK" });
      expect(filesBelow(orders.table)).toEqual(before);
      expect(readBy(orders)).toEqual(shown.get(3));
    });

    test("files that were staged by a run that died and swept away since are missed before a commit", async () => {
      const orders = ordersTable();
      await orders.deliverOrders(2);
      const shown = orders.expected();
      const intentStored = (): never => {
        throw new Error("crash");
      };
      await expect(orders.deliverOrders(1, { intentStored })).rejects.toThrow("crash");
      sweep(orders);
      await expect(orders.deliver()).rejects.toMatchObject({ code: "DF_STAGED_LOST" });
      expect(readBy(orders)).toEqual(shown);
    });

    test("a table that delta-rs set back to our last delivery goes on", async () => {
      const orders = ordersTable();
      await orders.deliverOrders(5);
      foreign(orders, "delete", `"user" = 'a'`);
      foreign(orders, "restore", "5");
      await orders.deliverOrders(2);
      expect(readBy(orders)).toEqual(orders.expected());
      expect(filesBelow(join(orders.table, "_delta_log"))).toHaveLength(10);
    });
  },
);
