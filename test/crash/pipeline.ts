/**
 * The pipeline of the first example, slowed down, with an epoch every few rows: something to kill. Its sinks are Delta
 * tables, or with CRASH_SINKS=others all the others that show each row once.
 */
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
const commitEvery = { time: "60ms", bytes: 1 << 20 } as const;

export default pipeline("crash", { checkpointEvery: "20ms", batchRows: 5 }, (p) => {
  const quakes = p
    .from(
      "quakes",
      files({
        path: new URL("../../examples/01-earthquakes/input/*.jsonl", import.meta.url),
        decode: json(Quake),
      }),
      {
        eventTime: "time",
        maxOutOfOrderness: "1h",
      },
    )
    .tap(() => {
      if (pauseMs > 0) Atomics.wait(pauses, 0, 0, pauseMs);
    });
  const perHour = quakes
    .keyBy("net")
    .window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ quakes: a.count(), maxMag: a.max("mag"), meanDepth: a.avg("depth") }), {
      allowedLateness: "7d",
      emit: "onUpdate",
    });
  if (process.env["CRASH_SINKS"] === "others") {
    quakes.to("parquet", parquet({ path: "./lake/parquet" }), { commitEvery });
    quakes.to("lines", filesSink({ path: "./lake/lines", format: jsonLines() }), { commitEvery });
    perHour.to("changes", filesSink({ path: "./lake/changes", format: jsonLines() }), { commitEvery });
    perHour.to("parts", delta({ path: "./lake/parts", partitionBy: ["net"] }), { commitEvery });
  } else {
    quakes.to("bronze", delta({ path: "./lake/bronze" }), { commitEvery });
    perHour.to("gold", delta({ path: "./lake/gold" }), { commitEvery });
  }
});
