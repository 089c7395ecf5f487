import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { order } from "../../examples/04-from-code/orders.ts";
import { root } from "../command.ts";
import { newFolderOnDisk } from "../folder-on-disk.ts";
import { deltaRows, missingReaders } from "../outside-readers.ts";

const main = join(root, "examples/04-from-code/main.ts");
const COUNT = 100;

/** The answer without the engine, as the program prints it; the order typed wrong is none. */
function answer(): string[] {
  const shops = new Map<string, { orders: number; cents: number }>();
  for (let n = 0; n < COUNT; n++) {
    const { shop, cents } = order(n);
    const sum = shops.get(shop) ?? { orders: 0, cents: 0 };
    if (cents > 0) shops.set(shop, { orders: sum.orders + 1, cents: sum.cents + cents });
  }
  return [...shops].map(([shop, { orders, cents }]) => `${shop}: ${orders} orders, ${cents} cents`);
}

interface Told {
  readonly code: number | null;
  readonly changes: readonly string[];
  readonly end: string | undefined;
}

/** What the program prints until it ends; after `stopAfter` changes Ctrl-C is pressed. */
async function run(folder: string, stopAfter = Infinity): Promise<Told> {
  const child: ChildProcess = spawn(process.execPath, [main], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines: string[] = [];
  if (child.stdout !== null) {
    for await (const line of createInterface({ input: child.stdout })) {
      if (lines.push(line) === stopAfter) child.kill("SIGINT");
    }
  }
  return { code: await ended, changes: lines.slice(0, -1), end: lines.at(-1) };
}

/** The last change of each shop. */
function last(changes: readonly string[]): string[] {
  return [...new Map(changes.map((line) => [line.split(":")[0], line])).values()];
}

test("04-from-code stops cleanly on Ctrl-C and goes on: each order is counted once, and the table says so", async () => {
  const folder = newFolderOnDisk("ex04");
  const first = await run(folder, 3);
  expect(first).toMatchObject({ code: 0, end: expect.stringMatching(/^stopped: \d+ orders$/) });
  const second = await run(folder);
  expect(second).toMatchObject({ code: 0, end: expect.stringMatching(/^drained: \d+ orders$/) });
  const read = [first, second].map(({ end }) => Number(end?.split(" ")[1]));
  expect([read.reduce((sum, rows) => sum + rows), read.includes(0)]).toEqual([COUNT, false]);
  expect(last([...first.changes, ...second.changes]).toSorted()).toEqual(answer().toSorted());
  expect(await run(folder)).toEqual({ code: 0, changes: [], end: "nothing new: 0 orders" });

  const names = readdirSync(join(folder, "lake/invalid_orders")).filter((name) => name.startsWith("data-"));
  const refused = names.flatMap((name) =>
    readFileSync(join(folder, "lake/invalid_orders", name), "utf8")
      .trim()
      .split("\n"),
  );
  expect(refused.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      raw: Buffer.from(JSON.stringify(order(7))).toString("base64"),
      reason: expect.stringMatching(/"cents".*>0/),
      node: "orders.validate",
    },
  ]);
  if (missingReaders !== undefined) return;
  const rows = deltaRows(join(folder, "lake/revenue")).map(
    (line) => JSON.parse(line) as { shop: string; orders: number; cents: number },
  );
  const shown = rows.map(({ shop, orders, cents }) => `${shop}: ${orders} orders, ${cents} cents`);
  expect(shown.toSorted()).toEqual(answer().toSorted());
});

test("the README of 04-from-code says what the program ends with", () => {
  const readme = readFileSync(join(root, "examples/04-from-code/README.md"), "utf8");
  const [, said = ""] = /```text\n(.*?)```/s.exec(readme) ?? [];
  expect(said.trimEnd().split("\n")).toEqual([...answer().toSorted(), `drained: ${COUNT} orders`]);
});
