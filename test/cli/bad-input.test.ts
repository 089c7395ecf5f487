import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, startDataflow } from "../command.ts";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";
import { Started, until } from "./started.ts";

/** The default limit of a record. */
const RECORD_BYTES_MAX = 1024 * 1024;

const FILE = (options: string, onInvalid: string, tail: string): string => `
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";
const Order = t.row({ id: t.string(), user: t.string(), amount: t.int64(), weight: t.float64(), at: t.timestamp() });
export default pipeline("shop", { ${options} }, (p) => {
  const orders = p
    .from("orders", files({ path: "input/*.jsonl", decode: json(Order) }), {
      eventTime: "at", maxOutOfOrderness: "1h", ${onInvalid}
    })
    .filter((order) => { if (order.id === "thrown") throw new Error("no such order"); return true; }, { id: "check" });
  orders.to("bronze", delta({ path: "./bronze" }));
${tail}
});
`;

function folderWith(pipeline: string, lines: readonly (string | Uint8Array)[]): string {
  const folder = newFolder("bad");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "pipeline.ts"), pipeline);
  const bytes = lines.flatMap((line) => [Buffer.from(line), Buffer.from("\n")]);
  writeFileSync(join(folder, "input/a.jsonl"), Buffer.concat(bytes));
  return folder;
}

function order(id: string, more: Readonly<Record<string, string>> = {}): string {
  const cells = { user: '"u"', amount: "1", weight: "1.5", at: '"2026-01-01T00:00:00Z"', ...more };
  const named = Object.entries(cells).map(([name, json]) => `,"${name}":${json}`);
  return `{"id":"${id}"${named.join("")}}`;
}

const good: readonly string[] = [
  order("first"),
  order("with __proto__", {
    ["__proto__"]: '{"polluted":true}',
    constructor: '{"prototype":{"polluted":true}}',
  }),
  order("beyond 2^53", { amount: "9007199254740993" }),
  order("last"),
];

/** What each bad record is, its bytes, and the reason that is told. */
const bad: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["broken JSON", '{"id":"broken","user":', /^Column "user": the end of the line/],
  ["no JSON at all", "hello", /object|expected|JSON/i],
  ["a number for a string", order("x").replace('"x"', "5"), /^Column "id": .*5/],
  ["a string for a number", order("x", { amount: '"many"' }), /^Column "amount": .*many/],
  [
    "an integer beyond int64",
    order("x", { amount: "9223372036854775808" }),
    /^Column "amount": .*9223372036854775808/,
  ],
  ["a fraction for an integer", order("x", { amount: "1.5" }), /^Column "amount": .*1\.5/],
  ["NaN", order("x", { weight: "NaN" }), /NaN/],
  ["Infinity", order("x", { weight: "Infinity" }), /Infinity/],
  ["a number beyond a double", order("x", { weight: "1e400" }), /^Column "weight": .*1e400/],
  ["no timestamp", order("x").replace(/,"at":"[^"]*"/, ""), /"at"/],
  ["a timestamp without zone", order("x", { at: '"2026-01-01T00:00:00"' }), /^Column "at"/],
  ["200 levels", order("x", { more: `${"[".repeat(200)}${"]".repeat(200)}` }), /128 levels/],
  ["two mebibytes", order("y".repeat(2 * RECORD_BYTES_MAX)), /1048576|bytes/],
  ["no UTF-8", Buffer.from(order("caf\u00e9"), "latin1"), /UTF-8/],
  ["a row at which a lambda throws", order("thrown"), /^no such order$/],
];

interface Quarantined {
  readonly raw: string;
  readonly reason: string;
  readonly node: string;
  readonly split: string | null;
  readonly position: string | null;
}

function quarantined(path: string): Quarantined[] {
  return python("test/interop/parquet_rows.py", path)
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Quarantined);
}

describe.skipIf(missingReaders !== undefined)("with a place for bad records", () => {
  test("each goes there with its bytes, its position and a reason; the good rows arrive, and the ledger adds up", () => {
    const lines = [good[0] ?? "", ...bad.map(([, line]) => line), ...good.slice(1)];
    const folder = folderWith(FILE("", `onInvalid: parquet({ path: "./bad" }),`, ""), lines);
    const { code, stdout, stderr } = dataflow(folder, ["run", "pipeline.ts", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const kept = new Map(quarantined(join(folder, "bad")).map((row) => [Number(row.position), row]));
    expect(kept.size).toBe(bad.length);
    let position = Buffer.byteLength(lines[0] ?? "") + 1;
    for (const [what, line, reason] of bad) {
      const bytes = Buffer.from(line);
      const row = kept.get(position);
      expect([what, row?.raw === bytes.subarray(0, RECORD_BYTES_MAX).toString("hex")]).toEqual([what, true]);
      expect([what, row?.reason]).toEqual([what, expect.stringMatching(reason)]);
      expect([what, row?.node, row?.split]).toEqual([
        what,
        what === "a row at which a lambda throws" ? "check" : "orders",
        "a.jsonl",
      ]);
      position += bytes.length + 1;
    }
    const rows = deltaRows(join(folder, "bronze")).map(
      (line) => JSON.parse(line) as { id: string; amount: string },
    );
    expect(rows.map(({ id }) => id).toSorted()).toEqual(["beyond 2^53", "first", "last", "with __proto__"]);
    expect(rows.find(({ id }) => id === "beyond 2^53")?.amount).toBe("9007199254740993");
    const { ledger } = JSON.parse(stdout) as {
      readonly ledger: readonly {
        readonly node: string;
        readonly rowsIn: number;
        readonly outcomes: object;
      }[];
    };
    expect(ledger.find(({ node }) => node === "orders")).toMatchObject({
      rowsIn: good.length + bad.length,
      outcomes: { passed: good.length + 1, quarantined: bad.length - 1 },
    });
    expect(ledger.find(({ node }) => node === "check")).toMatchObject({
      rowsIn: good.length + 1,
      outcomes: { passed: good.length, quarantined: 1 },
    });
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    expect(quarantined(join(folder, "bad"))).toHaveLength(bad.length);
  });

  test("each is there once, though the run is killed at every step of the delivery", async () => {
    const bads = Array.from({ length: 5 }, (_, index) => `{"bad":${index}`);
    const folder = folderWith(FILE("batchRows: 2", `onInvalid: parquet({ path: "./bad" }),`, ""), [
      order("a"),
      ...bads,
      order("b"),
    ]);
    for (const step of ["checkpoint stored", "staged", "intent stored", "committed"]) {
      const env = { DATAFLOW_PAUSE_MS: "150" };
      const run = new Started(startDataflow(folder, ["run", "pipeline.ts"], env));
      const line = new RegExp(`^step: ${step} \\((orders\\.invalid|shop)\\)$`, "m");
      await until(`it is past "${step}"`, () => line.test(run.stderr));
      expect(await run.stop("SIGKILL")).toMatchObject({ code: null });
    }
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    const raws = quarantined(join(folder, "bad")).map(({ raw }) => Buffer.from(raw, "hex").toString());
    expect(raws.toSorted()).toEqual(bads);
    expect(deltaRows(join(folder, "bronze"))).toHaveLength(2);
  });

  test("rows refused behind a step that keeps state go to the pipeline's rejected sink, with their node and without a position", () => {
    const tail = `  orders.keyBy("user").window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ orders: a.count() }), { allowedLateness: "1d", emit: "onUpdate" })
    .map({ user: t.string(), windowStart: t.timestamp(), orders: t.int64() }, (row) => {
      if (row.user === "bad") throw new Error("not this user");
      return { user: row.user, windowStart: row.windowStart, orders: row.orders };
    }, { id: "shape" })
    .to("gold", delta({ path: "./gold" }));`;
    const folder = folderWith(FILE(`rejected: parquet({ path: "./rejected" })`, "", tail), [
      order("a"),
      order("b", { user: '"bad"' }),
      "{",
    ]);
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    const rows = quarantined(join(folder, "rejected"));
    expect(rows.map(({ node }) => node).toSorted()).toEqual(["orders", "shape"]);
    const shaped = rows.find(({ node }) => node === "shape");
    expect(shaped).toMatchObject({ reason: "not this user", split: null, position: null });
    expect(Buffer.from(shaped?.raw ?? "", "hex").toString("latin1")).toContain("bad");
    const gold = deltaRows(join(folder, "gold")).map((line) => (JSON.parse(line) as { user: string }).user);
    expect(gold).toEqual(["u"]);
  });
});

describe("without a place for bad records", () => {
  test("the run ends with code 1, naming split, position, reason and record; nothing of the epoch is kept, and a mended file is read", () => {
    const folder = folderWith(FILE("", "", ""), [order("a"), '{"id":"half', order("c")]);
    const { code, stdout, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^Node "orders" refused a row \(split a\.jsonl, position \d+\): .*\. The record is: \{"id":"half\. .*onInvalid.*rejected.* \[DF_REJECTED\]\n$/,
    );
    const status = dataflow(folder, ["status", "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ epoch: 0, ledger: [], sinks: [] });
    writeFileSync(join(folder, "input/a.jsonl"), `${order("a")}\n${order("c")}\n`);
    const mended = dataflow(folder, ["run", "pipeline.ts", "--json"]);
    expect(mended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(mended.stdout)).toMatchObject({ rowsRead: 2, sinks: [{ sink: "bronze", rows: 2 }] });
  });

  test("a sum beyond int64 ends the run with code 1, naming step and column", () => {
    const tail = `  orders.keyBy("user").window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ total: a.sum("amount") }), { allowedLateness: "1d", emit: "onUpdate" })
    .to("gold", delta({ path: "./gold" }));`;
    const folder = folderWith(FILE("", "", tail), [
      order("a", { amount: "9223372036854775807" }),
      order("b", { amount: "1" }),
    ]);
    const { code, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Node "per-hour": sum\("amount"\) is 9223372036854775808, beyond .* \[DF_OVERFLOW\]\n$/,
    );
  });
});
