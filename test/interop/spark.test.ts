import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { COMPRESSIONS } from "@df/formats/parquet/compression";
import { kernelLoops } from "@df/formats/parquet/kernels/kernel-loops";
import { pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { memorySource } from "dataflow/memory";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sparkPython } from "../../scripts/spark.ts";
import { newFolder } from "../command.ts";
import { canonicalLines, sameForm } from "./canonical-lines.ts";
import { delivering } from "./delivering.ts";
import { everyRows, EveryType, type EveryRow } from "./every-type.ts";
import { ordersTable } from "./orders-table.ts";
import { fileArbitrary, writeBoth } from "./parquet-files.ts";
import { sparkSession, type SparkSession } from "./spark-session.ts";

const found =
  process.env["DATAFLOW_LONG"] === "1"
    ? sparkPython()
    : { missing: "it takes minutes, so only pnpm test:long asks it" };
const python = "python" in found ? found.python : undefined;
const FILES = 40;

describe.skipIf(python === undefined)(
  `Spark${"missing" in found ? ` (${found.missing})` : ""}`,
  { timeout: 900_000 },
  () => {
    let spark: SparkSession;
    beforeAll(() => {
      spark = sparkSession(python as string);
    });
    afterAll(() => spark.close(), 60_000);

    test.each(COMPRESSIONS)(
      "reads rows of every type, from folders of any name, from %s",
      async (compression) => {
        const log: EveryRow[] = [];
        const { table, deliverEach } = delivering(
          pipeline("append", { checkpointEvery: "1ms" }, (p) => {
            const rows = p.from("log", memorySource(log, EveryType, { bounded: false }));
            rows.to("out", delta({ path: "./table", partitionBy: ["part"], compression }), {
              commitEvery: { bytes: 1 },
            });
          }),
        );
        await deliverEach(3, () => log.push(...everyRows(log.length, 70)));
        // Delta cannot tell empty text from null in partition columns.
        const rows = log.map((row) => ({ ...row, part: row.part === "" ? null : row.part }));
        for (const vectorized of [true, false]) {
          const read = await spark.rows(table, { format: "delta", vectorized });
          expect(sameForm(read)).toEqual(canonicalLines(EveryType.schema, rows));
        }
        const [filters, ...wrong] = await spark.filters(table, "delta");
        expect(wrong).toEqual([]);
        expect(filters).toBeGreaterThan(80);
      },
    );

    test("reads an upsert table with deletion vectors at each version, and finds by filters what is there", async () => {
      const orders = ordersTable();
      const shown = await orders.deliverOrders(12);
      for (const version of [1, 5, 10, 12]) {
        expect(sameForm(await spark.rows(orders.table, { format: "delta", version }))).toEqual(
          shown.get(version),
        );
      }
      const [filters, ...wrong] = await spark.filters(orders.table, "delta");
      expect(wrong).toEqual([]);
      expect(filters).toBeGreaterThan(30);
    });

    test.each([[[]], [["windowStart"]]])(
      "compacts, deletes and updates between our deliveries, and the table stays one (by %j)",
      async (partitionBy) => {
        const orders = ordersTable(partitionBy);
        const table = `delta.\`${orders.table}\``;
        const read = async (): Promise<readonly string[]> =>
          sameForm(await spark.rows(orders.table, { format: "delta" }));
        await orders.deliverOrders(6);
        await spark.sql(`optimize ${table}`);
        expect(await read()).toEqual(orders.expected());
        await orders.deliverOrders(2);
        await spark.sql(`delete from ${table} where user = 'a'`);
        orders.forget("a", "all");
        expect(await read()).toEqual(orders.expected());
        await orders.deliverOrders(2);
        expect(await read()).toEqual(orders.expected());
        await spark.sql(`update ${table} set amount = -1 where user = 'ü'`);
        expect((await read()).filter((row) => row.includes('"amount":"-1"')).length).toBeGreaterThan(1);
        // As many as touch each row of that user.
        await orders.deliverOrders(6);
        await spark.sql(`optimize ${table}`);
        await spark.sql(`vacuum ${table} retain 0 hours`);
        expect(await read()).toEqual(orders.expected());
        await orders.deliverOrders(2);
        expect(await read()).toEqual(orders.expected());
      },
    );

    test("sets a table back behind our last delivery, which is refused", async () => {
      const orders = ordersTable();
      const shown = await orders.deliverOrders(4);
      await spark.sql(`restore table delta.\`${orders.table}\` to version as of 2`);
      await expect(orders.deliverOrders(1)).rejects.toMatchObject({ code: "DF_SINK_ROLLED_BACK" });
      expect(sameForm(await spark.rows(orders.table, { format: "delta" }))).toEqual(shown.get(2));
    });

    test("reads Parquet files at random as it reads those of another writer", async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const loops = kernelLoops();
      for (const [i, file] of fc.sample(fileArbitrary, { numRuns: FILES, seed }).entries()) {
        const folder = newFolder("spark");
        const [ours, other] = [join(folder, "ours"), join(folder, "other")];
        for (const path of [ours, other]) mkdirSync(path);
        writeBoth(file, { ours: join(ours, "a.parquet"), other: join(other, "a.parquet"), loops });
        for (const vectorized of [true, false]) {
          const [mine, theirs] = [
            await spark.rows(ours, { format: "parquet", vectorized }),
            await spark.rows(other, { format: "parquet", vectorized }),
          ];
          expect(mine, `seed ${seed}, file ${i}`).toEqual(theirs);
          expect(mine).toHaveLength(file.packed.rows);
        }
        const [, ...wrong] = i % 4 === 0 ? await spark.filters(ours, "parquet") : [0];
        expect(wrong, `seed ${seed}, file ${i}`).toEqual([]);
      }
    });
  },
);
