/** Nexmark q7: the highest bid and the number of bids per auction and ten seconds. */
import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { parquet } from "dataflow/parquet";

const Event = t.row({
  type: t.string(),
  auction: t.int().optional(),
  price: t.int().optional(),
  dateTime: t.timestamp({ json: "ms" }),
});

export function q7(input: string, output: string): PipelineDefinition {
  return pipeline("q7", (p) => {
    p.from("events", files({ path: `${input}/part-*.jsonl`, decode: json(Event), bounded: true }), {
      eventTime: "dateTime",
      maxOutOfOrderness: "2s",
    })
      .filter((event) => event.type === "bid")
      .notNull("auction", "price")
      .keyBy("auction")
      .window(tumbling("10s"))
      .aggregate("per-window", (a) => ({ highest: a.max("price"), bids: a.count() }))
      .to("windows", parquet({ path: output }));
  });
}
