/** The stream of the first example, slowed down, an epoch every few rows: what the pipelines of crash tests read. */
import { type Events, type Pipeline, type PipelineOptions, t, type Timestamp, tumbling } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";

interface Quake {
  readonly id: string;
  readonly time: Timestamp;
  readonly mag: number;
  readonly net: string;
  readonly depth: number;
}

const Row = t.row({
  id: t.string(),
  time: t.timestamp({ json: "ms" }),
  mag: t.float64(),
  net: t.string(),
  depth: t.float64(),
});

const pauses = new Int32Array(new SharedArrayBuffer(4));
const pauseMs = Number(process.env["CRASH_ROW_MS"] ?? 0);

/** Options of a pipeline with many epochs. */
export const MANY_EPOCHS = { checkpointEvery: "20ms", batchRows: 5 } as const satisfies PipelineOptions<{}>;

/** Each row takes CRASH_ROW_MS milliseconds; then `seen` is called. */
export function slowQuakes(p: Pipeline, seen: () => void = () => {}): Events<Quake> {
  return p
    .from(
      "quakes",
      files({
        path: new URL("../../examples/01-earthquakes/input/*.jsonl", import.meta.url),
        decode: json(Row),
      }),
      { eventTime: "time", maxOutOfOrderness: "1h" },
    )
    .tap(() => {
      if (pauseMs > 0) Atomics.wait(pauses, 0, 0, pauseMs);
      seen();
    });
}

/** The results of the example. */
export function perHour(quakes: Events<Quake>) {
  return quakes
    .keyBy("net")
    .window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ quakes: a.count(), maxMag: a.max("mag"), meanDepth: a.avg("depth") }), {
      allowedLateness: "7d",
      emit: "onUpdate",
    });
}
