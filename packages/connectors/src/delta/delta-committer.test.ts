import { t } from "@df/core";
import type { ChangeMode, Schema, Shape } from "@df/core";
import { checkSink } from "@df/testing/check-sink";
import { crashing } from "@df/testing/crashes";
import type { LogRow } from "@df/testing/log";
import { describe, test } from "vitest";
import { memoryStore } from "../object-store/memory-store.ts";
import { factoryOn, readTable } from "./table.testing.ts";

const Order = t.row({
  id: t.int64(),
  country: t.string().nullable(),
  amount: t.decimal(18, 2).nullable(),
  at: t.timestamp(),
});

function shapeOf(schema: Schema, change: ChangeMode): Shape {
  return { schema, change, key: change === "append" ? [] : ["id"], timed: false };
}

function order(id: number, country: string | null, cents: number): LogRow["row"] {
  return {
    id: BigInt(id),
    country,
    amount: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`,
    at: id,
  };
}

async function checked(
  change: ChangeMode,
  partitionBy: readonly string[],
  deliveries: readonly (readonly LogRow[])[],
  crashesMax = 60,
): Promise<void> {
  const shape = shapeOf(Order.schema, change);
  await checkSink({
    shape,
    deliveries,
    crashesMax,
    target: async (crashes) => {
      const store = memoryStore();
      return {
        options: {},
        factory: factoryOn(crashing(store, crashes), partitionBy),
        read: () => readTable(store, Order.schema, partitionBy),
      };
    },
  });
}

const hostile = ["CH", "a/b=c", "%2e%2e", "..", "ü €", "__HIVE_DEFAULT_PARTITION__", "x y+z", null, "'\"\\"];

describe("rows delivered to a Delta table", () => {
  test("are there once each, whatever crashes, for a stream that appends", () =>
    checked(
      "append",
      [],
      [
        [1, 2, 3, 4].map((id) => ({ row: order(id, "CH", id * 101) })),
        [],
        [5, 6].map((id) => ({ row: order(id, null, id) })),
      ],
    ));

  test("are there once each in partitions with any names", () =>
    checked(
      "append",
      ["country"],
      [
        hostile.map((country, id) => ({ row: order(id, country, 5) })),
        hostile.map((country, id) => ({ row: order(100 + id, country, 7) })),
      ],
    ));

  test("are the last ones per key, whatever crashes, for a stream of upserts", () =>
    checked(
      "upsert",
      [],
      [
        [1, 2, 3, 4, 5].map((id) => ({ row: order(id, "CH", 100) })),
        [
          { row: order(1, "DE", 200) },
          { row: order(6, "DE", 1) },
          { row: order(6, "CH", 2) },
          { row: order(2, "", 0), diff: -1 },
        ],
        [],
        [{ row: order(3, "CH", 100) }],
        [1, 3, 4, 5, 6].map((id) => ({ row: order(id, "", 0), diff: -1 })),
        [{ row: order(1, "AT", 3) }],
      ],
    ));

  test("move between partitions when their partition column changes", () =>
    checked(
      "upsert",
      ["country"],
      [
        [1, 2, 3].map((id) => ({ row: order(id, "CH", 100) })),
        [{ row: order(1, "DE", 100) }, { row: order(2, null, 100) }],
        [{ row: order(1, "CH", 100) }, { row: order(3, "DE", 0), diff: -1 }],
      ],
    ));

  test("are netted for a stream of retractions", () =>
    checked(
      "retract",
      [],
      [
        [1, 2, 3].map((id) => ({ row: order(id, "CH", 100) })),
        [
          { row: order(1, "DE", 5) },
          { row: order(1, "CH", 100), diff: -1 },
          { row: order(1, "DE", 5), diff: -1 },
          { row: order(1, "DE", 6) },
          { row: order(2, "CH", 100), diff: -1 },
          { row: order(4, "CH", 1) },
          { row: order(4, "CH", 1), diff: -1 },
        ],
        [{ row: order(3, "CH", 100), diff: -1 }, { row: order(3, "CH", 100) }],
      ],
    ));
});
