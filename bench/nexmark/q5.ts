/** Nexmark q5: the bids per auction in the last ten seconds, every two seconds. */
import { pipeline, sliding, t, type PipelineDefinition } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";

const Event = t.row({
  type: t.string(),
  auction: t.int().optional(),
  dateTime: t.timestamp({ json: "ms" }),
});

export function q5(input: string, output: string): PipelineDefinition {
  return pipeline("q5", (p) => {
    p.from("events", files({ path: `${input}/part-*.jsonl`, decode: json(Event), bounded: true }), {
      eventTime: "dateTime",
      maxOutOfOrderness: "2s",
    })
      .filter((event) => event.type === "bid")
      .notNull("auction")
      .keyBy("auction")
      .window(sliding("10s", "2s"))
      .aggregate("per-window", (a) => ({ bids: a.count() }))
      .to("windows", parquet({ path: output }));
  });
}
