import { t } from "@df/core";
import type { ChangeMode, Shape } from "@df/core";
import { batchOf } from "@df/core/batch/rows";
import { Crashes, SinkDriver } from "@df/testing";
import type { LogRow } from "@df/testing";
import { expect, test } from "vitest";
import { consoleCommitters } from "./committer.ts";
import { consoleSink } from "./console.ts";
import { jsonLine } from "./json-line.ts";

function driverOf(shape: Shape, printed: string[], crashes: Crashes = new Crashes()): SinkDriver {
  const factory = consoleCommitters(async (text) => {
    printed.push(text);
  });
  return new SinkDriver({
    factory,
    options: consoleSink().options,
    directory: "/",
    shape,
    crashes,
    batchRows: 2,
  });
}

async function printedOf(change: ChangeMode, rows: readonly LogRow[]): Promise<string> {
  const { schema } = t.row({ id: t.int32(), name: t.string().nullable() });
  const printed: string[] = [];
  const key = change === "append" ? [] : ["id"];
  await driverOf({ schema, change, key, timed: false }, printed).deliver({ epoch: 1, rows });
  return printed.join("");
}

test("rows that are only added are printed as they are, one a line", async () => {
  const rows = [
    { row: { id: 1, name: 'a\n"b"' } },
    { row: { id: 2, name: null } },
    { row: { id: 3, name: "é𐀀" } },
  ];
  expect(await printedOf("append", rows)).toBe(
    '{"id":1,"name":"a\\n\\"b\\""}\n{"id":2,"name":null}\n{"id":3,"name":"é𐀀"}\n',
  );
});

test("an upsert is printed with +, a delete with − and its key", async () => {
  const rows = [
    { row: { id: 1, name: "a" }, diff: 1 },
    { row: { id: 1 }, diff: -1 },
  ];
  expect(await printedOf("upsert", rows)).toBe('{"op":"+","id":1,"name":"a"}\n{"op":"-","id":1}\n');
});

test("a retraction is printed as often as its row was there", async () => {
  const rows = [
    { row: { id: 1, name: "a" }, diff: -2 },
    { row: { id: 1, name: "b" }, diff: 1 },
  ];
  expect(await printedOf("retract", rows)).toBe(
    '{"op":"-","id":1,"name":"a"}\n{"op":"-","id":1,"name":"a"}\n{"op":"+","id":1,"name":"b"}\n',
  );
});

test("a crash prints rows again at most, and never loses any", async () => {
  const { schema } = t.row({ id: t.int32() });
  for (let point = 1; point <= 12; point++) {
    const printed: string[] = [];
    const crashes = new Crashes();
    const driver = driverOf({ schema, change: "append", key: [], timed: false }, printed, crashes);
    crashes.arm(point);
    for (let epoch = 1; epoch <= 2;) {
      try {
        await driver.deliver({ epoch, rows: [{ row: { id: epoch } }] });
        epoch++;
      } catch {
        crashes.restart();
        await driver.stop();
      }
    }
    expect([...new Set(printed)]).toEqual(['{"id":1}\n', '{"id":2}\n']);
    expect(printed.length).toBeLessThanOrEqual(3);
  }
});

test("a process that starts again shows the delivery that was recorded, so that its run may go on", async () => {
  const { schema } = t.row({ id: t.int32() });
  const driver = driverOf({ schema, change: "append", key: [], timed: false }, []);
  expect(await (await driver.open()).marker()).toBeUndefined();
  await driver.deliver({ epoch: 3, rows: [{ row: { id: 1 } }] });
  await driver.stop();
  expect(await (await driver.open()).marker()).toMatchObject({
    pipeline: "pipeline",
    lineage: "lineage-a",
    epoch: 3,
    hash: driver.delivered?.hash,
  });
});

test("every type is printed exactly", () => {
  const Row = t.row({
    flag: t.bool(),
    big: t.int64(),
    real: t.float64(),
    nan: t.float64(),
    price: t.decimal(18, 2),
    raw: t.bytes(),
    iso: t.timestamp(),
    micro: t.timestamp(),
    ms: t.timestamp({ json: "ms" }),
    s: t.timestamp({ json: "s" }),
    us: t.timestamp({ json: "us" }),
    day: t.date(),
    extra: t.json(),
  });
  const at = 1_700_000_000_000;
  const row = {
    flag: true,
    big: 2n ** 63n - 1n,
    real: 0.1,
    nan: Number.NaN,
    price: "-0.05",
    raw: Uint8Array.of(255, 0),
    iso: at,
    micro: at + 0.25,
    ms: at + 0.25,
    s: at,
    us: at + 0.25,
    day: "2026-01-31",
    extra: { a: [1] },
  };
  const line = jsonLine(
    Row.schema,
    Row.schema.fields.map((_, i) => i),
  );
  expect(line(batchOf(Row.schema, [row]), 0, "")).toBe(
    '{"flag":true,"big":9223372036854775807,"real":0.1,"nan":"NaN","price":"-0.05","raw":"/wA=",' +
      '"iso":"2023-11-14T22:13:20.000Z","micro":"2023-11-14T22:13:20.000250Z","ms":1700000000000.25,"s":1700000000,' +
      '"us":1700000000000250,"day":"2026-01-31","extra":{"a":[1]}}',
  );
});

test("a stream with updates may not have a column of the name op", () => {
  const { schema } = t.row({ op: t.string() });
  const check = (change: ChangeMode) => () =>
    consoleSink().check({ schema, change, key: ["op"], timed: false });
  expect(check("upsert")).toThrow(/column "op".*\[DF_COLUMN\]/);
  expect(check("append")).not.toThrow();
});
