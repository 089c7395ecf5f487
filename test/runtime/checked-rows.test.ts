import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryTarget } from "@df/connectors/memory/target";
import { pipeline, t, type PipelineDefinition } from "dataflow";
import { csv } from "dataflow/csv";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { memorySink, memorySource } from "dataflow/memory";
import { fromZod } from "dataflow/zod";
import { expect, test } from "vitest";
import { z } from "zod";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const Order = fromZod(
  z.object({
    id: z.string().min(2),
    cents: z.int64(),
    weight: z.number().max(100),
    at: z.iso.datetime(),
    note: z.string().optional(),
  }),
);

const rowsOf = (name: string): unknown[] => memoryTarget(name).changes.map(({ row }) => row);
const refusedIn = (name: string): unknown[] =>
  memoryTarget(name).changes.map(({ row }) => [row["node"], row["split"], row["position"], row["reason"]]);

test.each([true, false])(
  "rows with a fault go where undecodable ones go, with position and reason (generated: %s)",
  async (generate) => {
    const path = join(newFolder("zod"), "orders.jsonl");
    const lines = [
      '{"id":"o1","cents":5,"weight":1.5,"at":"2026-05-01T08:00:00Z"}\n',
      '{"id":"x","cents":6,"weight":101,"at":"2026-05-01T08:00:00Z"}\n',
      '{"id":"o3","cents":1.5,"weight":1,"at":"2026-05-01T08:00:00Z"}\n',
      '{"id":"o4","cents":7,"weight":2,"at":"2026-05-01T08:00:00Z","note":"n"}\n',
    ];
    writeFileSync(path, lines.join(""));
    const name = `zod-${generate}`;
    const report = await runInMemory(
      pipeline("orders", (p) => {
        const orders = p.from("orders", files({ path, decode: json(Order) }), {
          eventTime: "at",
          maxOutOfOrderness: "1h",
          onInvalid: memorySink(`${name}-invalid`),
        });
        orders
          .map({ id: t.string(), cents: t.int64() }, ({ id, cents }) => ({ id, cents }))
          .to("shown", memorySink(name));
      }),
      { generate },
    );
    expect(rowsOf(name)).toEqual([
      { id: "o1", cents: 5n },
      { id: "o4", cents: 7n },
    ]);
    const [first = "", second = ""] = lines;
    expect(refusedIn(`${name}-invalid`)).toEqual([
      [
        "orders",
        "orders.jsonl",
        String(first.length + second.length),
        expect.stringContaining('Column "cents"'),
      ],
      [
        "orders.validate",
        "orders.jsonl",
        String(first.length),
        expect.stringMatching(/^Column "id": .*; Column "weight": .*100/),
      ],
    ]);
    expect(outcomesOf(report, "orders.validate")).toMatchObject({ passed: 2, quarantined: 1 });
  },
);

test("a column that is checked is read, though nothing else needs it", async () => {
  const path = join(newFolder("zod"), "orders.csv");
  writeFileSync(path, "id,cents,weight,at\no1,1,NaN,2026-05-01T08:00:00Z\no2,2,1,2026-05-01T08:00:00Z\n");
  await runInMemory(
    pipeline("orders", (p) => {
      p.from("orders", files({ path, decode: csv(Order) }), { onInvalid: memorySink("zod-nan-invalid") })
        .map({ cents: t.int64() }, ({ cents }) => ({ cents }))
        .to("shown", memorySink("zod-nan"));
    }),
  );
  expect(rowsOf("zod-nan")).toEqual([{ cents: 2n }]);
  expect(refusedIn("zod-nan-invalid")).toMatchObject([
    ["orders.validate", "orders.csv", expect.anything(), expect.stringContaining('Column "weight"')],
  ]);
});

test("rows that are made of others are checked as their declaration says, and those of validate() as its schema says", async () => {
  const path = join(newFolder("zod"), "orders.jsonl");
  writeFileSync(path, '{"n":1}\n{"n":2}\n{"n":3}\n');
  const Even = fromZod(z.object({ n: z.int().multipleOf(2) }));
  await runInMemory(
    pipeline("numbers", { rejected: memorySink("zod-made-rejected") }, (p) => {
      const numbers = p.from("numbers", files({ path, decode: json(t.row({ n: t.int() })) }));
      numbers.map(Even, ({ n }) => ({ n: n * 3 })).to("mapped", memorySink("zod-mapped"));
      numbers.flatMap(Even, ({ n }) => [{ n }, { n: n + 1 }]).to("many", memorySink("zod-many"));
      numbers.validate(z.object({ n: z.number().max(2) })).to("checked", memorySink("zod-checked"));
    }),
  );
  expect(rowsOf("zod-mapped")).toEqual([{ n: 6 }]);
  expect(rowsOf("zod-many")).toEqual([{ n: 2 }, { n: 2 }, { n: 4 }]);
  expect(rowsOf("zod-checked")).toEqual([{ n: 1 }, { n: 2 }]);
  const refusedBy = (node: string): number =>
    memoryTarget("zod-made-rejected").changes.filter(({ row }) => row["node"] === node).length;
  expect(["", ".2", ".3"].map((end) => refusedBy(`numbers.validate${end}`))).toEqual([2, 3, 1]);
});

test("without a place for such rows the run ends at the first of them", async () => {
  const path = join(newFolder("zod"), "orders.jsonl");
  writeFileSync(path, '{"n":1}\n');
  const definition = pipeline("numbers", (p) => {
    p.from("numbers", files({ path, decode: json(fromZod(z.object({ n: z.int().min(5) }))) })).to(
      "all",
      memorySink("zod-none"),
    );
  });
  await expect(runInMemory(definition)).rejects.toThrow(
    /"numbers.validate" refused a row .*Column "n".*DF_REJECTED/,
  );
});

test("a refused row of a source without records is shown as JSON, in quarantine and where the run ends", async () => {
  const numbers = (onInvalid: "fail" | ReturnType<typeof memorySink>): PipelineDefinition =>
    pipeline("numbers", (p) => {
      p.from("numbers", memorySource([{ n: 1, big: 2n }], t.row({ n: t.int(), big: t.int64() })), {
        onInvalid,
      })
        .validate(z.object({ n: z.number().min(5), big: z.bigint() }))
        .to("all", memorySink("values-all"));
    });
  await runInMemory(numbers(memorySink("values-refused")));
  const [refused] = memoryTarget("values-refused").changes.map(({ row }) => row);
  expect(Buffer.from(refused?.["raw"] as Uint8Array).toString()).toBe('{"n":1,"big":2}');
  await expect(runInMemory(numbers("fail"))).rejects.toThrow('The record is: {"n":1,"big":2}.');
});
