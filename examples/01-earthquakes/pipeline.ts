import { pipeline, t, tumbling } from "dataflow";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";

const Quake = t.row({
  id: t.string(),
  time: t.timestamp({ json: "ms" }),
  updated: t.timestamp({ json: "ms" }),
  mag: t.float64(),
  magType: t.string().nullable(),
  place: t.string(),
  net: t.string(),
  status: t.string(),
  type: t.string(),
  longitude: t.float64(),
  latitude: t.float64(),
  depth: t.float64(),
});

export default pipeline("earthquakes", (p) => {
  const quakes = p.from(
    "quakes",
    files({ path: new URL("./input/*.jsonl", import.meta.url), decode: json(Quake) }),
    { eventTime: "time", maxOutOfOrderness: "1h" },
  );
  quakes.to("bronze", delta({ path: "./lake/bronze/quakes", partitionBy: ["net"] }));

  const perHour = quakes
    .keyBy("net")
    .window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({ quakes: a.count(), maxMag: a.max("mag"), meanDepth: a.avg("depth") }), {
      allowedLateness: "7d",
      emit: "onUpdate",
    });
  perHour.to("gold", delta({ path: "./lake/gold/quakes_per_hour" }));
  perHour.late.to("late", delta({ path: "./lake/late/quakes" }));
});
