/**
 * Runs a pipeline in a process of its own, as a test that transforms its files cannot: each thread that has shards
 * makes the plan for itself, and must find the same. Writes down what has come of it.
 */
import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { committerFactory } from "@df/connectors/memory/committer";
import { memoryTarget } from "@df/connectors/memory/target";
import type { RunReport } from "@df/core/runtime/report";
import { run, type RunHandle, type RunOptions } from "@df/core/runtime/run";
import { Random } from "@df/testing/random";
import { type Made, salesPlan } from "./shard-threads-plan.ts";

const LOGS = 3;
const ROWS = 700;
const MODULE = new URL("./shard-threads-plan.ts", import.meta.url).href;

/** One in fifty records is none; some rows are far behind the others. */
function record(log: number, row: number, random: Random): string {
  if (random.oneIn(50)) return `{"id":${row}`;
  const late = random.oneIn(20) ? 9_000_000 : 0;
  const at = new Date(Date.UTC(2026, 4, 1) + row * 20_000 - random.below(400_000) - late).toISOString();
  const [shop, kind] = [`shop ${random.below(9)}`, random.oneIn(2) ? "order" : "pay"];
  return JSON.stringify({ id: log * ROWS + row, shop, kind, cents: random.below(10_000), at });
}

/** Adds the records `from .. to` of all to each log. */
function write(folder: string, from: number, to: number): void {
  for (let log = 0; log < LOGS; log++) {
    const random = new Random(log + 1);
    const records = Array.from({ length: ROWS }, (_, row) => `${record(log, row, random)}\n`);
    appendFileSync(join(folder, `${log}.jsonl`), records.slice(from * ROWS, to * ROWS).join(""));
  }
}

let names = 0;
const newName = (): string => `sales-${++names}`;
const newFolder = (): string => mkdtempSync(join(tmpdir(), "shard-threads-"));

function runSales(made: Made, options: Partial<RunOptions>): Promise<RunReport> {
  return run(salesPlan(made), {
    stateDirectory: newFolder(),
    unsafeStateFs: true,
    directory: process.cwd(),
    connectors: { memory: committerFactory },
    planElsewhere: { module: MODULE, given: made },
    ...options,
  });
}

/** What a run has come to, whatever shards and threads it had. */
function answerOf(name: string, { sinks, ledger }: RunReport): unknown {
  // What views hand on depends on how often they are asked.
  const views = new Set(["kinds", "latest"]);
  return {
    content: Object.fromEntries(sinks.map(({ sink, contentHash }) => [sink, contentHash])),
    outcomes: ledger
      .filter(({ node }) => !views.has(node))
      .map(({ node, rowsIn, outcomes }) => ({ node, rowsIn, outcomes })),
    refused: refused(name),
  };
}

/** Where each refused row was, why, and what it was. */
function refused(name: string): unknown[] {
  return ["bad", "rejected"].flatMap((of) =>
    memoryTarget(`${name}-${of}`)
      .changes.map(({ row }) =>
        JSON.stringify({ ...row, raw: Buffer.from(row["raw"] as Uint8Array).toString() }),
      )
      .toSorted(),
  );
}

/** The same input, on more and more shards and threads. */
async function atOnce(): Promise<unknown> {
  const folder = newFolder();
  write(folder, 0, 1);
  const answers: unknown[] = [];
  for (const [parallelism, threadsMax, decodeThreads] of [
    [1, 1, 0],
    [2, 2, 0],
    [4, 3, 2],
  ] as const) {
    const name = newName();
    const given = { parallelism, threadsMax, decodeThreads, drain: true };
    answers.push(answerOf(name, await runSales({ folder, name }, given)));
  }
  return answers;
}

/** Stopped and gone on with other shards and threads, while the input grows. */
async function bySteps(): Promise<unknown> {
  const [folder, stateDirectory, name] = [newFolder(), newFolder(), newName()];
  write(folder, 0, 0.5);
  for (const [parallelism, threadsMax] of [
    [3, 3],
    [1, 1],
  ] as const) {
    const stop = new AbortController();
    let stored = 0;
    const onStep = async (what: string): Promise<void> => {
      if (what === "checkpoint stored" && ++stored === 2) stop.abort();
    };
    await runSales(
      { folder, name },
      { stateDirectory, parallelism, threadsMax, onStep, signal: stop.signal },
    );
  }
  write(folder, 0.5, 1);
  const last = await runSales(
    { folder, name },
    { stateDirectory, parallelism: 4, threadsMax: 2, drain: true },
  );
  return answerOf(name, last);
}

/** Splits on three threads fall silent; one goes on alone, then the others speak of what is over without them. */
async function silent(): Promise<unknown> {
  const [folder, name, stop] = [newFolder(), newName(), new AbortController()];
  const speak = (log: number, id: number, hour: number): void => {
    const at = new Date(Date.UTC(2026, 4, 1, hour)).toISOString();
    const sale = { id: 2 * id, shop: "s", kind: "pay", cents: 1, at };
    appendFileSync(join(folder, `${log}.jsonl`), `${JSON.stringify(sale)}\n`);
  };
  for (let log = 0; log < LOGS; log++) speak(log, log + 1, 0);
  let handle: RunHandle | undefined;
  const onStart = (started: RunHandle): void => void (handle = started);
  const given = { parallelism: 3, threadsMax: 3, follow: true, signal: stop.signal, onStart };
  const running = runSales({ folder, name, idle: true }, given);
  const until = async (holds: () => boolean | undefined): Promise<void> => {
    while (holds() !== true) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(() => handle?.status().splits.idle === LOGS && handle.status().rowsRead === LOGS);
  speak(0, 10, 9);
  await until(() => (handle?.status().clocks?.["per-hour"] ?? 0) > Date.UTC(2026, 4, 1, 8) * 1000);
  speak(1, 11, 2);
  speak(2, 12, 3);
  await until(() => handle?.status().rowsRead === LOGS + 3);
  stop.abort();
  return (await running).ledger.find(({ node }) => node === "per-hour")?.outcomes;
}

if (import.meta.main) {
  const [told = ""] = process.argv.slice(2);
  const all = { atOnce: await atOnce(), bySteps: await bySteps(), silent: await silent() };
  writeFileSync(told, JSON.stringify(all));
}
