import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Change, TypedSource } from "@df/core";
import { askStatus } from "@df/core/runtime/control-socket";
import { beforePolls } from "@df/testing/before-polls";
import { lastValueFrom, take, toArray } from "rxjs";
import { describe, expect, test } from "vitest";
import { callback } from "./callback.ts";
import { files } from "./files.ts";
import { type PipelineDefinition, type Run, type StartOptions, pipeline, start, t } from "./index.ts";
import { fromIterable } from "./iterables.ts";
import { json } from "./json.ts";
import { memorySink, memorySource, memoryTarget } from "./memory.ts";
import { toObservable } from "./rxjs.ts";
import { untyped } from "./stand-ins.ts";

const Row = t.row({ n: t.int32() });
const numbers = (count: number): { n: number }[] => Array.from({ length: count }, (_, n) => ({ n }));
/** Temporary files may lie in memory. */
const ANYWHERE = { unsafeStateFs: true } as const;
const folder = (): string => mkdtempSync(join(tmpdir(), "start-"));
/** Bytes at which a sink delivers at the latest; at four times as many the sources wait. */
const BYTES = 1 << 20;

let names = 0;

/** A pipeline that copies rows, in batches of one, with a target in memory of its own. */
function copying(source: TypedSource<{ n: number }>, bytes: number = BYTES): PipelineDefinition {
  return pipeline(`copy-${names++}`, { checkpointEvery: "1ms", batchRows: 1 }, (p) => {
    p.from("rows", source).to("copy", memorySink(`start-${names}`), { commitEvery: { time: "1ms", bytes } });
  });
}
const shownBy = (): number => memoryTarget(`start-${names}`).changes.length;

const begin = (definition: PipelineDefinition, options: StartOptions = {}): Promise<Run> =>
  start(definition, { directory: folder(), ...ANYWHERE, ...options });

async function told(changes: AsyncIterable<Change>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const { after } of changes) all.push(after?.["n"]);
  return all;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(2);
}

/** Rows that come until the run is stopped, and what fails behind some of them. */
function endless(failsAt = Number.POSITIVE_INFINITY, failing?: () => void): TypedSource<{ n: number }> {
  let polls = 0;
  return beforePolls(memorySource(numbers(100_000), Row, { bounded: false }), async () => {
    if (polls++ >= failsAt) {
      failing?.();
      throw new Error("the source has gone");
    }
    await setTimeout(0);
  });
}

describe("a run", () => {
  test("ends with its input, and says how it ended and what became of the rows", async () => {
    const run = await begin(copying(memorySource(numbers(10), Row)));
    const changes = told(run.changes("copy"));
    expect(await run.done).toMatchObject({ ended: "drained", rowsRead: 10 });
    expect(await changes).toEqual(numbers(10).map(({ n }) => n));
    expect(run.status()).toEqual(await run.stop());
    expect(run.ledger().map(({ node, rowsIn }) => [node, rowsIn])).toEqual([
      ["rows", 10],
      ["copy", 10],
    ]);
  });

  test("keeps its state below the directory it is given, by the pipeline's name, and goes on from there", async () => {
    const directory = folder();
    const log = numbers(2);
    const definition = copying(memorySource(log, Row, { bounded: false }));
    const run = await start(definition, { directory, ...ANYWHERE });
    expect([existsSync(join(directory, ".dataflow", run.pipeline, "state.sqlite"))]).toEqual([true]);
    await run.done;
    log.push({ n: 7 });
    const stateDirectory = join(".dataflow", run.pipeline);
    const next = await start(definition, { directory, stateDirectory, ...ANYWHERE });
    expect(await told(next.changes("copy"))).toEqual([7]);
  });

  test("that is stopped has delivered what it read, and each reader was told all of it", async () => {
    const run = await begin(copying(endless()));
    const changes = told(run.changes("copy"));
    await until(() => run.status().rowsRead > 3);
    const { ended, rowsRead } = await run.stop();
    expect([ended, shownBy(), (await changes).length]).toEqual(["stopped", rowsRead, rowsRead]);
  });

  test("stops when its signal fires", async () => {
    const controller = new AbortController();
    const run = await begin(copying(endless()), { signal: controller.signal });
    controller.abort();
    expect(await run.done).toMatchObject({ ended: "stopped" });
  });

  test("stops where the block ends that it is used in", async () => {
    let run: Run;
    {
      await using inner = await begin(copying(endless()));
      run = inner;
    }
    expect(run.status()).toMatchObject({ ended: "stopped" });
  });

  test("answers those who ask for its status from other processes, and no more once it is done", async () => {
    const stateDirectory = folder();
    const run = await begin(copying(endless()), { stateDirectory });
    await until(() => readdirSync(stateDirectory).includes("control.sock"));
    expect(await askStatus(stateDirectory)).toMatchObject({ pid: process.pid });
    await run.stop();
    expect(await askStatus(stateDirectory)).toBeUndefined();
  });
});

describe("a run that fails", () => {
  test("says so to whoever stops it, waits for its end, or reads its changes", async () => {
    const run = await begin(copying(endless(5)));
    await expect(told(run.changes("copy"))).rejects.toThrow("the source has gone");
    await expect(run.done).rejects.toThrow("the source has gone");
    await expect(run.stop()).rejects.toThrow("the source has gone");
  });

  test("throws where its block ends if nobody was told, and is no unhandled rejection before", async () => {
    const failing = Promise.withResolvers<void>();
    const run = await begin(copying(endless(5, failing.resolve)));
    await failing.promise;
    await setTimeout(20);
    await expect(run[Symbol.asyncDispose]()).rejects.toThrow("the source has gone");
  });

  test("does not hide, at the end of its block, the same failure that left it", async () => {
    const failing = async (): Promise<void> => {
      await using run = await begin(copying(endless(5)));
      await told(run.changes("copy"));
    };
    await expect(failing()).rejects.toThrow("the source has gone");
  });
});

describe("readers of changes", () => {
  test("that are slow hold up the next delivery, while rows are read on, and those that leave hold up none", async () => {
    const run = await begin(copying(endless()));
    const seen: unknown[] = [];
    for await (const { after } of run.changes("copy")) {
      if (seen.push(after?.["n"]) > 4) break;
      const shown = shownBy();
      await until(() => run.status().rowsRead > shown + 3);
      expect(shownBy()).toBe(shown);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    const shown = shownBy();
    await until(() => shownBy() > shown);
    const { rowsRead } = await run.stop();
    expect(shownBy()).toBe(rowsRead);
  });

  test("that are slow hold up the sources in the end", async () => {
    const run = await begin(copying(endless(), 1));
    for await (const _ of run.changes("copy")) {
      await until(() => run.status().sinks.some(({ undeliveredBytes }) => undeliveredBytes > 4));
      const { rowsRead } = run.status();
      await setTimeout(50);
      expect(run.status().rowsRead).toBeLessThan(rowsRead + 3);
      break;
    }
    await run.stop();
  });

  test("may stop the run and wait for its end in the middle of a loop, and are told the rest", async () => {
    const run = await begin(copying(endless()));
    const seen: unknown[] = [];
    for await (const { after } of run.changes("copy")) {
      if (seen.push(after?.["n"]) === 2) await run.stop();
    }
    expect(seen.length).toBe(run.status().rowsRead);
    expect(seen.length).toBe(shownBy());
  });

  test("may stop a run whose sources wait for them, also where rows come once", async () => {
    const rows = numbers(100_000);
    const run = await begin(copying(fromIterable(Row, rows), 1));
    const seen: unknown[] = [];
    for await (const { after } of run.changes("copy")) {
      if (seen.push(after?.["n"]) > 1) continue;
      await until(() => run.status().sinks.some(({ undeliveredBytes }) => undeliveredBytes > 4));
      await run.stop();
    }
    expect(seen).toEqual(rows.slice(0, run.status().rowsRead).map(({ n }) => n));
    expect(seen.length).toBe(shownBy());
  });

  test("may be subscribers of an Observable: one that leaves holds up nobody", async () => {
    const run = await begin(copying(endless()));
    const changes$ = toObservable(run.changes("copy"));
    const all = lastValueFrom(changes$.pipe(toArray()));
    const some = await lastValueFrom(changes$.pipe(take(3), toArray()));
    expect(some.map(({ after }) => after?.["n"])).toEqual([0, 1, 2]);
    const { rowsRead } = await run.stop();
    expect((await all).length).toBe(rowsRead);
  });

  test("have a sink", async () => {
    const run = await begin(copying(memorySource(numbers(1), Row)));
    expect(() => run.changes("gold")).toThrow(/has no sink "gold"\. It has: "copy"\. \[DF_NO_SINK\]/);
    await run.done;
  });
});

describe("start()", () => {
  test("runs two pipelines beside each other", async () => {
    const directory = folder();
    const input = join(directory, "rows.jsonl");
    writeFileSync(input, '{"n":1}\n{"n":2}\n');
    const two = ["one", "two"].map((name) =>
      pipeline(name, (p) => {
        const rows = p.from("rows", files({ path: "./rows.jsonl", decode: json(Row) }));
        const factor = name === "one" ? 1 : 10;
        rows.map({ n: t.int32() }, (row) => ({ n: row.n * factor })).to("copy", memorySink(`both-${name}`));
      }),
    );
    const read = async (definition: PipelineDefinition): Promise<unknown[]> => {
      const run = await start(definition, { directory, ...ANYWHERE });
      return told(run.changes("copy"));
    };
    expect(await Promise.all(two.map(read))).toEqual([
      [1, 2],
      [10, 20],
    ]);
    expect(readdirSync(join(directory, ".dataflow")).toSorted()).toEqual(["one", "two"]);
    expect(readFileSync(input, "utf8")).toContain("2");
  });

  test("refuses a pipeline that runs already, naming the process", async () => {
    const stateDirectory = folder();
    const definition = copying(endless());
    const run = await begin(definition, { stateDirectory });
    await until(() => readdirSync(stateDirectory).includes("control.sock"));
    await expect(begin(definition, { stateDirectory })).rejects.toThrow(
      new RegExp(`as process ${process.pid}, .*\\[DF_ALREADY_RUNNING\\]`),
    );
    await run.stop();
  });

  test("takes parameters as values or as their text", async () => {
    const Params = t.row({ n: t.int64(), from: t.timestamp(), dry: t.bool(), extra: t.json().nullable() });
    const seen: unknown[] = [];
    const definition = pipeline("params", { params: Params }, (p, params) => {
      seen.push(params);
      p.from("rows", memorySource(numbers(0), Row)).to(
        "copy",
        callback(() => {}),
      );
    });
    const at = new Date("2026-05-01T10:00:00Z");
    const stateDirectory = folder();
    const values = { n: 12n, from: at, dry: true, extra: { a: [1] } };
    const texts = { n: "12", from: at.toISOString(), dry: "true", extra: '{"a":[1]}' };
    await (
      await begin(definition, { stateDirectory, params: values })
    ).done;
    await (
      await begin(definition, { stateDirectory, params: texts })
    ).done;
    expect(seen).toEqual([values, values].map((each) => ({ ...each, from: at.getTime() })));
    await expect(begin(definition, { params: { n: 1 } })).rejects.toThrow('"from" (timestamp) is missing');
  });

  test.each([
    ["a name", "orders", undefined, "DF_NO_PIPELINE"],
    ["an array", [], undefined, "DF_NO_PIPELINE"],
    ["an unknown option", copying(endless()), { stateDir: "x" }, "DF_OPTION"],
    ["a text that is no truth", copying(endless()), { follow: "false" }, "DF_OPTION"],
    ["a directory as a URL", copying(endless()), { directory: new URL("file:///a") }, "DF_OPTION"],
    ["no parallelism", copying(endless()), { parallelism: 0 }, "DF_OPTION"],
    ["parameters of a built plan", copying(endless()).build(), { params: {} }, "DF_PARAM"],
  ])("refuses %s", async (_, given, options, code) => {
    await expect(begin(untyped(given), untyped(options))).rejects.toMatchObject({ code });
  });

  test("shows a parallelism that is text as text", async () => {
    const starting = begin(copying(endless()), untyped({ parallelism: "2" }));
    await expect(starting).rejects.toThrow(
      'parallelism is "2"; it must be a number from 1 to 128. [DF_OPTION]',
    );
  });

  test("refuses what the state does not fit, before it resolves", async () => {
    const stateDirectory = folder();
    const build = (id: string): PipelineDefinition =>
      pipeline("renamed", (p) =>
        p.from(id, memorySource(numbers(1), Row)).to(
          "copy",
          callback(() => {}),
        ),
      );
    await (
      await begin(build("a"), { stateDirectory })
    ).done;
    await expect(begin(build("b"), { stateDirectory })).rejects.toMatchObject({ code: "DF_PLAN_CHANGED" });
  });
});

describe("a callback sink in a run", () => {
  test("that throws stops the run; the next one tells the same delivery, then goes on", async () => {
    const stateDirectory = folder();
    const calls: unknown[] = [];
    let broken = true;
    const log = numbers(3);
    const definition = pipeline("calling", (p) => {
      p.from("rows", memorySource(log, Row, { bounded: false })).to(
        "calls",
        callback<{ n: number }>((changes, { epoch, last }) => {
          calls.push([epoch, last, changes.map(({ after }) => after?.n)]);
          if (broken) throw new Error("no mail");
        }),
      );
    });
    const run = await begin(definition, { stateDirectory });
    await expect(run.done).rejects.toMatchObject({ code: "DF_CALLBACK" });
    broken = false;
    log.push({ n: 3 });
    const report = await (await begin(definition, { stateDirectory })).done;
    expect(calls).toEqual([
      [1, true, [0, 1, 2]],
      [1, true, [0, 1, 2]],
      [2, true, [3]],
    ]);
    expect(report.sinks).toMatchObject([{ sink: "calls", guarantee: "at least once", epoch: 2 }]);
  });

  test("whose function is gone is refused before anything is lost, and told once it is back", async () => {
    const stateDirectory = folder();
    const rows = memorySource(numbers(2), Row, { bounded: false });
    const calls: unknown[] = [];
    let broken = true;
    const withSink = pipeline("losing", (p) => {
      p.from("rows", rows).to(
        "calls",
        callback<{ n: number }>((changes) => {
          if (broken) throw new Error("no mail");
          calls.push(...changes.map(({ after }) => after?.n));
        }),
      );
    });
    const without = pipeline("losing", (p) => {
      p.from("rows", rows).to("other", memorySink("losing"));
    });
    await expect((await begin(withSink, { stateDirectory })).done).rejects.toThrow("no mail");
    await expect(begin(without, { stateDirectory })).rejects.toMatchObject({ code: "DF_CALLBACK_GONE" });
    broken = false;
    await (
      await begin(withSink, { stateDirectory })
    ).done;
    await (
      await begin(without, { stateDirectory })
    ).done;
    expect(calls).toEqual([0, 1]);
  });
});
