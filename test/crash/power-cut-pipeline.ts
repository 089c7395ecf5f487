/** The first example with all sinks that write files: many epochs and deliveries, to cut the power between any two. */
import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";

const Quake = t.row({
  id: t.string(),
  time: t.timestamp({ json: "ms" }),
  mag: t.float64(),
  net: t.string(),
  depth: t.float64(),
});

const pauses = new Int32Array(new SharedArrayBuffer(4));
const pauseMs = Number(process.env["CRASH_ROW_MS"] ?? 0);
/** The row at which the process kills itself; 0: it does not. */
const killAtRow = Number(process.env["CRASH_AT_ROW"] ?? 0);
const commitEvery = { time: "50ms", bytes: 1 << 20 } as const;
let rows = 0;

export default pipeline("power-cut", { checkpointEvery: "20ms", batchRows: 5 }, (p) => {
  const quakes = p
    .from(
      "quakes",
      files({
        path: new URL("../../examples/01-earthquakes/input/*.jsonl", import.meta.url),
        decode: json(Quake),
      }),
      { eventTime: "time", maxOutOfOrderness: "1h" },
    )
    .tap(() => {
      if (pauseMs > 0) Atomics.wait(pauses, 0, 0, pauseMs);
      if (++rows === killAtRow) process.kill(process.pid, "SIGKILL");
    });
  quakes.to("append", delta({ path: "./out/lake/append" }), { commitEvery });
  quakes.to("parquet", parquet({ path: "./out/lake/parquet", partitionBy: ["net"] }), { commitEvery });
  quakes.to("files", filesSink({ path: "./out/lake/files", format: jsonLines() }), { commitEvery });
  quakes
    .keyBy("net")
    .window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ quakes: a.count(), maxMag: a.max("mag"), meanDepth: a.avg("depth") }), {
      allowedLateness: "7d",
      emit: "onUpdate",
    })
    .to("upsert", delta({ path: "./out/lake/upsert" }), { commitEvery });
});
