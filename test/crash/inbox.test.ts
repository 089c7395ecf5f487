import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { t } from "@df/core";
import { InboxLog } from "@df/connectors/inbox/inbox-log";
import { decodeFrames } from "@df/core/batch/frame";
import { rowsOf } from "@df/core/batch/rows";
import { Random } from "@df/testing/random";
import { expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";

const pipeline = join(root, "test/crash/inbox-pipeline.ts");
const KILLS = process.env["DATAFLOW_LONG"] === "1" ? 60 : 5;

/** The rows of all files of a directory, each as its line. */
function linesOf(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.startsWith("data-"))
    .flatMap((name) => readFileSync(join(directory, name), "utf8").trimEnd().split("\n"));
}

/** Starts a process, kills it some time after its first output, and gives that output. */
async function killed(child: ReturnType<typeof spawn>, afterMs: number): Promise<string> {
  let text = "";
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const speaks = new Promise<void>((resolve) => {
    const heard = (chunk: string): void => {
      text += chunk;
      resolve();
    };
    child.stdout?.setEncoding("utf8").on("data", heard);
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => process.stderr.write(chunk));
  });
  await Promise.race([speaks, exited, setTimeout(20_000)]);
  await Promise.race([setTimeout(afterMs), exited]);
  child.kill("SIGKILL");
  await exited;
  return text;
}

test("no row that an inbox has acknowledged is lost, and none is there twice, after kill -9 at any moment", async () => {
  const random = new Random(7);
  const file = join(newFolder("inbox"), "inbox.sqlite");
  const { schema } = t.row({ n: t.int32() });
  const acknowledged: number[] = [];
  for (let run = 0; run < 4; run++) {
    const script = join(root, "test/crash/inbox-writer.ts");
    const child = spawn(process.execPath, [script, file, String(run * 1_000_000)], { cwd: root });
    const said = await killed(child, random.below(150));
    const [, ...whole] = said.split("\n").toReversed();
    acknowledged.push(...whole.map(Number));
  }
  const log = await InboxLog.open({ file, schema, id: undefined, idsMax: 1, budget: 1 });
  const kept: number[] = [];
  for (let at = 0; at < log.extent.next;) {
    const record = await log.read(at);
    if (record === undefined) break;
    expect(record.first).toBe(at);
    kept.push(
      ...decodeFrames(record.bytes)
        .flatMap(rowsOf)
        .map((row) => row["n"] as number),
    );
    at = record.next;
  }
  await log.close();
  const all = new Set(kept);
  expect(acknowledged.length).toBeGreaterThan(20);
  expect(acknowledged.filter((n) => !all.has(n))).toEqual([]);
  expect([kept.length, kept.toSorted((a, b) => a - b)]).toEqual([all.size, kept]);
});

test.each([1, 2])(
  "a pipeline behind an inbox shows each event once, and the right counts, after kill -9 at any moment (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const folder = newFolder("inbox");
    const shown: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await killed(startDataflow(folder, ["run", pipeline]), random.below(450));
      shown.push(linesOf(join(folder, "all")).length);
    }
    expect(shown.filter((rows) => rows > 0 && rows < 400).length).toBeGreaterThan(0);
    const { code, stderr, stdout } = dataflow(folder, ["run", pipeline]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/identical results/);
    const ids = linesOf(join(folder, "all")).map((line) => (JSON.parse(line) as { id: number }).id);
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, id) => id));
    const counts = linesOf(join(folder, "counts")).map((line) => JSON.parse(line) as { events: number });
    expect(counts.map(({ events }) => events).toSorted((a, b) => a - b)).toEqual([
      20,
      20,
      ...Array.from({ length: 12 }, () => 30),
    ]);
  },
);
