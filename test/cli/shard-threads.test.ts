/** The command with shards on threads: what it shows and says is what it does with one. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { RunReport } from "@df/core/runtime/report";
import { beforeAll, expect, test } from "vitest";
import { dataflow, newFolder, startDataflow } from "../command.ts";

let folder: string;

/** A pipeline of that name, in which a lambda does something with each row. */
function write(name: string, lambda: string, onInvalid = ""): void {
  writeFileSync(
    join(folder, `${name}.ts`),
    `import { isMainThread } from "node:worker_threads";
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
const Sale = t.row({ n: t.int(), shop: t.string(), at: t.timestamp() });
const out = process.env["OUT"] ?? "./out";
export default pipeline("sales", { checkpointEvery: "20ms" }, (p) => {
  const sales = p
    .from("sales", files({ path: (process.env["IN"] ?? "input") + "/*.jsonl", decode: json(Sale) }), {
      eventTime: "at",
      maxOutOfOrderness: "1m",
      ${onInvalid}
    })
    .map({ n: t.int(), shop: t.string() }, ({ n, shop }) => {
      ${lambda}
      return { n, shop };
    });
  const hours = sales
    .keyBy("shop")
    .window(tumbling("1h"))
    .aggregate("hours", (a) => ({ sales: a.count(), sum: a.sum("n") }));
  hours.to("gold", delta({ path: out + "/gold" }));
  hours.late.to("late", delta({ path: out + "/late" }));
  sales.groupBy("shop").latest("last", { by: "n" }).to("latest", delta({ path: out + "/latest" }));
});
`,
  );
}

beforeAll(() => {
  folder = newFolder("shard-threads");
  for (const input of ["input", "clean"]) mkdirSync(join(folder, input));
  for (const log of [0, 1, 2]) {
    const lines = Array.from({ length: 3000 }, (_, row) => {
      if (row % 500 === 77 && log === 2) return `{"n":${row}`;
      const at = new Date(Date.UTC(2026, 4, 1) + row * 9000 - (row % 7 === 0 ? 600_000 : 0)).toISOString();
      return JSON.stringify({ n: 3 * row + log, shop: `shop ${(row * 31) % 11}`, at });
    });
    for (const input of log === 2 ? ["input"] : ["input", "clean"])
      writeFileSync(join(folder, `${input}/${log}.jsonl`), `${lines.join("\n")}\n`);
  }
  write("sales", "", 'onInvalid: delta({ path: out + "/bad" })');
  write("throws", 'if (n === 7999) throw new TypeError("too many");');
  write("leaves", "if (!isMainThread) process.exit(3);");
});

const given = (name: string, state: string, shards: number): string[] => [
  "run",
  `${name}.ts`,
  "--state-dir",
  state,
  "--parallelism",
  String(shards),
];

/** Runs to the end of all windows; what the tables have, and what became of the rows of each node. */
function whole(state: string, shards: number): unknown {
  const { code, stdout, stderr } = dataflow(folder, [...given("sales", state, shards), "--drain", "--json"], {
    OUT: `out-${state}`,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { sinks, ledger } = JSON.parse(stdout) as RunReport;
  return {
    content: sinks.map(({ sink, contentHash }) => [sink, contentHash]),
    outcomes: ledger.flatMap(({ node, outcomes }) => (node === "latest" ? [] : [[node, outcomes]])),
  };
}

/** Kills a run when it has stored so many checkpoints. */
async function kill(state: string, shards: number, checkpoints: number): Promise<void> {
  const run = startDataflow(folder, given("sales", state, shards), {
    OUT: `out-${state}`,
    DATAFLOW_PAUSE_MS: "20",
  });
  let text = "";
  run.stderr?.on("data", (data: Buffer) => {
    text += data.toString();
    if (text.split("step: checkpoint stored").length > checkpoints) run.kill("SIGKILL");
  });
  await new Promise((resolve) => run.on("close", resolve));
  expect(run.signalCode).toBe("SIGKILL");
}

test("tables are the same after kill -9 and restarts with 1, 2 and 4 shards", async () => {
  const answer = whole("once", 1);
  await kill("killed", 2, 1);
  await kill("killed", 4, 1);
  expect(whole("killed", 3)).toEqual(answer);
});

const oneCore = availableParallelism() === 1;

test.skipIf(oneCore)("a thread that fails while the last windows are on their way to it ends the run", () => {
  writeFileSync(
    join(folder, "last.ts"),
    `import { isMainThread } from "node:worker_threads";
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
const Sale = t.row({ n: t.int(), shop: t.string(), at: t.timestamp() });
export default pipeline("last", (p) => {
  const sales = p.from("sales", files({ path: "clean/*.jsonl", decode: json(Sale) }), {
    eventTime: "at",
    maxOutOfOrderness: "1d",
  });
  const isFine = ({ sales }: { sales: number }) => {
    if (!isMainThread) throw new Error("not here");
    return sales > 0;
  };
  sales.keyBy("n").window(tumbling("1h")).aggregate("hours", (a) => ({ sales: a.count() }))
    .flatMap({ k: t.int(), sales: t.int() }, ({ sales }) => Array.from({ length: 100 }, (_, k) => ({ k, sales })))
    .groupBy("k").aggregate("all", (a) => ({ sales: a.where(isFine).count() }))
    .to("out", delta({ path: "out-last" }));
});
`,
  );
  const { code, stderr } = dataflow(folder, [...given("last", "last", 2), "--drain"]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/not here\..*\[DF_REJECTED\]/) });
});

test("a lambda that throws on another thread is told with the row, and its line in the user's file", () => {
  const { code, stderr } = dataflow(folder, given("throws", "throws", 2), { IN: "clean", OUT: "out-throws" });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Node "sales\.map" refused a row \(split 1\.jsonl, position \d+\): too many\. The record is: \{"n":7999,.*\[DF_REJECTED\]\n +at .*\/throws\.ts:16:\d+\n$/,
  );
});

test.skipIf(oneCore)("a thread that is lost ends the run, which may be started again", () => {
  const { code, stderr } = dataflow(folder, given("leaves", "leaves", 2), { IN: "clean", OUT: "out-leaves" });
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: expect.stringMatching(/^A thread was lost: it has ended with code 3\. .*\[DF_THREAD\]\n$/),
  });
});

test.skipIf(oneCore)("a pipeline that is another one on each thread is refused", () => {
  const file = join(folder, "random.ts");
  writeFileSync(
    file,
    `import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { pipeline, t } from "dataflow";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
// The main thread is busy until the other one is no more: it hears of all that this has said at once.
const threads = () => readdirSync("/proc/self/task").length;
const timer = setInterval(() => {
  if (!existsSync("begun")) return;
  clearInterval(timer);
  const [most, end] = [threads(), Date.now() + 3000];
  while (threads() === most && Date.now() < end);
}, 1);
if (!isMainThread) {
  clearInterval(timer);
  writeFileSync("begun", "");
}
export default pipeline("random", (p) => {
  p.from("rows", files({ path: "input/*", decode: json(t.row({ n: t.int() })) }))
    .to("out", filesSink({ path: "./" + isMainThread, format: jsonLines() }));
});
`,
  );
  const { code, stderr } = dataflow(folder, given("random", "random", 2));
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^Each thread of --parallelism loads the pipeline "random" for itself.*\[DF_PLAN_DIFFERS\]\n$/,
  );
});
