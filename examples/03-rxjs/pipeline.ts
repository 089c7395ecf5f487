import { pipeline, t, tumbling, type PipelineDefinition, type TypedSink } from "dataflow";
import { delta } from "dataflow/delta";
import { inbox } from "dataflow/inbox";
import { fromObservable } from "dataflow/rxjs";
import type { Observable } from "rxjs";
import { Reading, readings, type Sent } from "./sensors.ts";

/** What is known of a sensor and a minute. */
export const PerMinute = t.row({
  sensor: t.string(),
  windowStart: t.timestamp(),
  readings: t.int(),
  mean: t.float64(),
});

/** Where the rows that wait are kept, and where the results go. */
export interface Places {
  readonly inbox: string;
  readonly results: TypedSink<object, "upsert">;
}

/** The mean of each sensor and minute, of readings that arrive in any order and may be sent again. */
export function averages(sent$: Observable<Sent>, { inbox: path, results }: Places): PipelineDefinition {
  return pipeline("sensors", { require: "convergent", checkpointEvery: "100ms" }, (p) => {
    p.from("readings", inbox(fromObservable(Reading, sent$, { bounded: true }), { path, id: "id" }), {
      eventTime: "at",
      maxOutOfOrderness: "20s",
    })
      .keyBy("sensor")
      .window(tumbling("1m"))
      .aggregate("per-minute", (a) => ({ readings: a.count(), mean: a.avg("celsius") }), {
        allowedLateness: "1h",
      })
      .to("averages", results, { commitEvery: { time: "500ms", bytes: 1 << 20 } });
  });
}

const timing = { readings: 90, everyMs: 10, delayMs: (): number => Math.random() * 25 };

export default averages(readings(timing), {
  inbox: "./sensors.inbox",
  results: delta({ path: "./lake/sensors" }),
});
