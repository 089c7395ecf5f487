import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline, t, type PipelineDefinition } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { memorySink, memoryTarget } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const Row = t.row({ id: t.string(), amount: t.int() });

function ids(name: string, validate: "read" | "all"): PipelineDefinition {
  const path = join(newFolder("validate"), "rows.jsonl");
  writeFileSync(path, '{"id":"a","amount":1}\n{"id":"b","amount":"many"}\n{"id":"c"}\n');
  return pipeline("validate", (p) => {
    p.from("rows", files({ path, decode: json(Row) }), { validate, onInvalid: memorySink(`${name}-invalid`) })
      .map({ id: t.string() }, (row) => ({ id: row.id }))
      .to("ids", memorySink(name));
  });
}

test("a column that no step reads is not decoded: its presence is checked, its type is not, and the ledger says so", async () => {
  const report = await runInMemory(ids("validate-read", "read"));
  expect(memoryTarget("validate-read").changes.map(({ row }) => row["id"])).toEqual(["a", "b"]);
  expect(outcomesOf(report, "rows")).toMatchObject({ passed: 2, quarantined: 1 });
  expect(report.ledger.find(({ node }) => node === "rows")?.checked).toEqual(["id"]);
});

test('validate: "all" checks every column of every record', async () => {
  const report = await runInMemory(ids("validate-all", "all"));
  expect(memoryTarget("validate-all").changes.map(({ row }) => row["id"])).toEqual(["a"]);
  expect(memoryTarget("validate-all-invalid").changes.map(({ row }) => row["reason"])).toEqual([
    'Column "amount": "many" is no number',
    'Column "amount": missing field',
  ]);
  expect(report.ledger.find(({ node }) => node === "rows")?.checked).toEqual(["id", "amount"]);
});
