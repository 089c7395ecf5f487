/**
 * What the soak runs: events of files that grow and roll, into a Delta table that appends, one of upserts, and
 * directories of Parquet files. State is bounded by its keys, so that whatever grows with time is a leak.
 */
import { appendFileSync } from "node:fs";
import { getHeapSpaceStatistics } from "node:v8";
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";
import type { Sample } from "./soak-run.ts";

const Event = t.row({ id: t.int64(), at: t.timestamp({ json: "ms" }), user: t.string(), value: t.int64() });
/** Machine code, and bytecode with what belongs to it. */
const CODE_SPACES = new Set([
  "code_space",
  "code_large_object_space",
  "trusted_space",
  "trusted_large_object_space",
]);
const commitEvery = { time: "10s", bytes: 128 << 20 } as const;

export default pipeline("soak", (p) => {
  const events = p.from("events", files({ path: "./input/*.jsonl", decode: json(Event) }), {
    eventTime: "at",
    maxOutOfOrderness: "2s",
    idleTimeout: "2s",
  });
  events.to("events-out", delta({ path: "./lake/events" }), { commitEvery });
  events
    .groupBy("user")
    .aggregate("per-user", (a) => ({ events: a.count(), total: a.sum("value") }))
    .to("users", delta({ path: "./lake/users" }), { commitEvery });
  const spans = events
    .keyBy("user")
    .window(tumbling("10s"))
    .aggregate("spans", (a) => ({ events: a.count(), total: a.sum("value") }));
  spans.to("spans-out", parquet({ path: "./lake/spans" }), { commitEvery });
  spans.late.to("late", parquet({ path: "./lake/late" }), { commitEvery });
});

const samples = process.env["SOAK_SAMPLES"];
if (samples !== undefined) {
  const every = Number(process.env["SOAK_SAMPLE_MS"]);
  setInterval(() => appendFileSync(samples, `${JSON.stringify(sample())}\n`), every).unref();
}

/** What is held when garbage is gone. Code is told apart: it is compiled step by step for the first half hour. */
function sample(): Sample {
  // Memory outside of the heap that the first one finds free is counted until the second: some megabytes, or none.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => CODE_SPACES.has(name));
  const code = spaces.reduce((sum, { space_used_size: used }) => sum + used, 0);
  return { pid: process.pid, seconds: process.uptime(), heap: heapUsed + external - code, code, rss };
}
