import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t } from "@df/core";
import { Crashes } from "@df/testing/crashes";
import { SinkDriver } from "@df/testing/sink-driver";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseTableOptions } from "../lake/table-options.ts";
import { localStore } from "../object-store/local-store.ts";
import { committerFactory } from "./committer.ts";
import { delta } from "./delta.ts";
import { readCommits, readTable } from "./table.testing.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "dataflow-delta-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const { schema } = t.row({ id: t.int64(), day: t.date() });

describe("delta()", () => {
  test("writes a table to a directory, from nothing but its stored options", async () => {
    const options = JSON.parse(
      JSON.stringify(delta({ path: "out/t", partitionBy: ["day"] }).options),
    ) as never;
    const shape = { schema, change: "upsert", key: ["id"], timed: false } as const;
    const crashes = new Crashes();
    const driver = new SinkDriver({
      factory: committerFactory,
      options,
      directory,
      shape,
      crashes,
      batchRows: 2,
    });
    await driver.deliver({ epoch: 1, rows: [1n, 2n, 3n].map((id) => ({ row: { id, day: "2026-01-31" } })) });
    await driver.deliver({
      epoch: 2,
      rows: [{ row: { id: 2n }, diff: -1 }, { row: { id: 3n, day: "2026-02-01" } }],
    });
    await driver.stop();
    const root = join(directory, "out/t");
    const rows = await readTable(localStore(root), schema, ["day"]);
    expect(rows.toSorted((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual([
      { id: 1n, day: "2026-01-31" },
      { id: 3n, day: "2026-02-01" },
    ]);
    expect((await readdir(root)).filter((name) => name.startsWith("day=")).toSorted()).toEqual([
      "day=2026-01-31",
      "day=2026-02-01",
    ]);
  });

  test("puts the marker and the pipeline's clock into the same commit as the rows", async () => {
    const { options } = delta({ path: "t" });
    const shape = { schema, change: "append", key: [], timed: false } as const;
    const crashes = new Crashes();
    const driver = new SinkDriver({
      factory: committerFactory,
      options,
      directory,
      shape,
      crashes,
      batchRows: 2,
    });
    await driver.deliver({ epoch: 7, rows: [{ row: { id: 1n, day: "2026-01-31" } }] });
    await driver.stop();
    const [, commit = []] = await readCommits(localStore(join(directory, "t")));
    const info = commit.find(({ commitInfo }) => commitInfo !== undefined)?.commitInfo;
    expect(info).toMatchObject({
      dataflow: { epoch: 7, lineage: "lineage-a", clock: 7000 },
      "dataflow.clock": 7000,
    });
    expect(commit.find(({ txn }) => txn !== undefined)?.txn).toMatchObject({
      appId: "dataflow/pipeline/sink",
      version: 7,
    });
    expect(commit.filter(({ add }) => add !== undefined)).toHaveLength(1);
  });

  test.each<[string, Parameters<typeof delta>[0], "append" | "upsert", readonly string[], string]>([
    [
      "a partition column that is not there",
      { path: "t", partitionBy: ["no"] },
      "append",
      [],
      "DF_NO_COLUMN",
    ],
    ["partitions by all columns", { path: "t", partitionBy: ["id", "day"] }, "append", [], "DF_PARTITION"],
    ["replacing rows without a key", { path: "t" }, "upsert", [], "DF_SINK_KEY"],
  ])("refuses %s before anything runs", (_what, options, change, key, code) => {
    expect(() => delta(options).check({ schema, change, key, timed: false })).toThrow(code);
  });

  test.each([{ path: "" }, { path: "s3://bucket/t" }, {}, { path: "t", partitionBy: "day" }])(
    "refuses the options %j",
    (options) => {
      expect(() => parseTableOptions("delta", options)).toThrow(/DF_OPTION/);
    },
  );
});
