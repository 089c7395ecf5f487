/** Tables do not depend on how many threads decode their input. */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CODECS, compress } from "@df/formats/compression/compress.testing";
import { memoryTarget } from "@df/connectors/memory/target";
import { Random } from "@df/testing/random";
import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { csv } from "dataflow/csv";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { memorySink } from "dataflow/memory";
import { describe, expect, test } from "vitest";
import { newFolder, root } from "../command.ts";
import { contentOf, outcomesOf, runInMemory } from "../in-memory.ts";

const Sale = t.row({ id: t.int(), shop: t.string(), cents: t.int64(), at: t.timestamp() });
const LOGS = ["east", "west", "north"];
const ROWS = 1_500;
const FORMATS = ["json", "csv"] as const;
type Format = (typeof FORMATS)[number];

/** One in fifty records is none. */
function recordsOf(log: number, format: Format): string[] {
  const random = new Random(log + 1);
  return Array.from({ length: ROWS }, (_, row) => {
    const at = new Date(Date.UTC(2026, 4, 1) + row * 40_000 - random.below(600_000)).toISOString();
    const sale = { id: log * ROWS + row, shop: `s"${random.below(7)}\n`, cents: random.below(10_000), at };
    if (random.oneIn(50)) return `${format === "json" ? "{" : '"'}${row}`.replace('"', "too few, ");
    if (format === "json") return JSON.stringify(sale);
    return `${sale.id},"${sale.shop.replace('"', '""')}",${sale.cents},${at}`;
  });
}

/** Writes the records `from .. to` of each log; to files that are there already they are added. */
function write(
  folder: string,
  format: Format,
  codec: "none" | (typeof CODECS)[number],
  from: number,
  to: number,
): void {
  for (const [index, log] of LOGS.entries()) {
    const text = recordsOf(index, format)
      .slice(from * ROWS, to * ROWS)
      .map((record) => `${record}\n`)
      .join("");
    const bytes = Buffer.from(text);
    appendFileSync(join(folder, `${log}.txt`), codec === "none" ? bytes : compress(codec, bytes));
  }
}

let names = 0;
interface Made {
  readonly name: string;
  readonly definition: PipelineDefinition;
}

function salesIn(folder: string, format: Format): Made {
  const name = `decode-threads-${names++}`;
  const decode = format === "json" ? json(Sale) : csv(Sale, { header: false });
  const definition = pipeline("sales", { checkpointEvery: "1ms", batchRows: 64 }, (p) => {
    const sales = p.from("sales", files({ path: join(folder, "*.txt"), decode }), {
      eventTime: "at",
      maxOutOfOrderness: "5m",
      onInvalid: memorySink(`${name}-bad`),
    });
    sales.to("all", memorySink(`${name}-all`));
    const hours = sales.keyBy("shop").window(tumbling("1h"));
    const perHour = hours.aggregate("per-hour", (a) => ({ sales: a.count(), cents: a.sum("cents") }));
    perHour.to("gold", memorySink(`${name}-gold`));
    perHour.late.to("late", memorySink(`${name}-late`));
  });
  return { name, definition };
}

/** Where each refused record was, and why. */
function refused(name: string): string[] {
  return memoryTarget(`${name}-bad`)
    .changes.map(({ row }) =>
      JSON.stringify([row["split"], row["position"], row["reason"], String(row["raw"])]),
    )
    .toSorted();
}

describe.each(FORMATS)("a pipeline over files of %s", (format) => {
  test.each(["none", ...CODECS] as const)(
    "has the same tables, late and refused rows at 0, 1, 2 and 4 decode threads, compression %s",
    async (codec) => {
      const folder = newFolder("decode-threads");
      write(folder, format, codec, 0, 1);
      const answers: unknown[] = [];
      for (const [decodeThreads, parallelism] of [
        [0, 1],
        [1, 1],
        [2, 3],
        [4, 2],
      ] as const) {
        const { name, definition } = salesIn(folder, format);
        const report = await runInMemory(definition, { decodeThreads, parallelism, drain: true });
        answers.push({
          content: contentOf(report),
          outcomes: outcomesOf(report, "sales"),
          refused: refused(name),
        });
      }
      const [here] = answers as [
        { readonly outcomes: { readonly quarantined: number }; readonly refused: string[] },
      ];
      expect(here.outcomes.quarantined).toBeGreaterThan(50);
      expect(here.refused).toHaveLength(here.outcomes.quarantined);
      for (const there of answers) expect(there).toEqual(here);
    },
  );

  test.each(["none", ...CODECS] as const)(
    "comes to the same tables when it is stopped and goes on with others, and its files grow, compression %s",
    async (codec) => {
      const folder = newFolder("decode-threads");
      write(folder, format, codec, 0, 0.4);
      const { name, definition } = salesIn(folder, format);
      const stateDirectory = newFolder("state");
      const stops = [1, 2, 4];
      for (const [run, decodeThreads] of [2, 0, 1, 2, 0].entries()) {
        const stop = new AbortController();
        let stored = 0;
        const onStep = async (step: string): Promise<void> => {
          if (step === "checkpoint stored" && ++stored === stops[run]) stop.abort();
        };
        if (run === 3) write(folder, format, codec, 0.4, 1);
        await runInMemory(definition, { stateDirectory, decodeThreads, onStep, signal: stop.signal });
      }
      const whole = salesIn(folder, format);
      const report = await runInMemory(whole.definition, { decodeThreads: 0 });
      expect(refused(name)).toEqual(refused(whole.name));
      const all = (of: string): number[] =>
        memoryTarget(`${of}-all`)
          .changes.map(({ row }) => Number(row["id"]))
          .toSorted((a, b) => a - b);
      expect(all(name)).toEqual(all(whole.name));
      expect(all(name).length).toBe(outcomesOf(report, "sales")["passed"]);
    },
  );
});

test("no thread is left behind: a program ends by itself when its runs have ended, failed or were stopped", () => {
  const folder = newFolder("decode-threads");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "packages/dataflow"), join(folder, "node_modules/dataflow"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "good.txt"), '{"n":1}\n{"n":2}\n');
  writeFileSync(join(folder, "bad.txt"), '{"n":1}\nno record\n');
  writeFileSync(
    join(folder, "program.ts"),
    `import { pipeline, start, t } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { memorySink } from "dataflow/memory";
const Num = t.row({ n: t.int() });
const started = (name: string, follow: boolean) =>
  start(
    pipeline(name, (p) => {
      p.from("numbers", files({ path: name + ".txt", decode: json(Num) })).to("out", memorySink(name + follow));
    }),
    { decodeThreads: 2, follow, unsafeStateFs: true, stateDirectory: name + follow },
  );
const told = (run: Promise<{ readonly ended: string }>) =>
  run.then(({ ended }) => ended, (error: { readonly code: string }) => error.code);
const run = await started("good", true);
const good = await started("good", false);
const bad = await started("bad", false);
console.log(await told(good.done), await told(bad.done), await told(run.stop()));
`,
  );
  const ended = spawnSync(process.execPath, ["program.ts"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 30_000,
  });
  expect(ended).toMatchObject({ status: 0, stderr: "", stdout: "input DF_REJECTED stopped\n" });
});

test("a decoder with code of its own decodes on the main thread, and the run says so", async () => {
  const folder = newFolder("decode-threads");
  writeFileSync(join(folder, "a.jsonl"), '{"n":1}\n{"n":2}\n');
  const Num = t.row({ n: t.int() });
  const plain = json(Num);
  let opened = 0;
  const decode: typeof plain = {
    ...plain,
    open: (columns, generate) => {
      opened++;
      return plain.open(columns, generate);
    },
  };
  const definition = pipeline("own", (p) => {
    p.from("numbers", files({ path: join(folder, "*.jsonl"), decode })).to(
      "out",
      memorySink("decode-threads-own"),
    );
  });
  const notices: string[] = [];
  const onNotice = (notice: string): void => void notices.push(notice);
  const report = await runInMemory(definition, { decodeThreads: 2, onNotice });
  expect([report.rowsRead, opened]).toEqual([2, 1]);
  expect(notices).toEqual([
    'Read on the main thread, whatever --decode-threads says: "numbers". Only files can be read on others, by the decoders of dataflow/json, dataflow/csv and dataflow/lines.',
  ]);
});

test.each([-1, 65, 1.5])("%d decode threads are refused before anything is read", async (decodeThreads) => {
  const { definition } = salesIn(newFolder("decode-threads"), "json");
  await expect(runInMemory(definition, { decodeThreads })).rejects.toThrow(
    `decodeThreads is ${decodeThreads}; it must be a number from 0 to 64. [DF_OPTION]`,
  );
});
