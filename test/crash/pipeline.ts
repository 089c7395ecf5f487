/**
 * The first example as something to kill. Its sinks are Delta tables, or with CRASH_SINKS=others all the others that
 * show each row once.
 */
import { pipeline } from "dataflow";
import { delta } from "dataflow/delta";
import { filesSink, jsonLines } from "dataflow/files";
import { parquet } from "dataflow/parquet";
import { MANY_EPOCHS, perHour, slowQuakes } from "./quakes.ts";

const commitEvery = { time: "60ms", bytes: 1 << 20 } as const;

export default pipeline("crash", MANY_EPOCHS, (p) => {
  const quakes = slowQuakes(p);
  const hours = perHour(quakes);
  if (process.env["CRASH_SINKS"] === "others") {
    quakes.to("parquet", parquet({ path: "./lake/parquet" }), { commitEvery });
    quakes.to("lines", filesSink({ path: "./lake/lines", format: jsonLines() }), { commitEvery });
    hours.to("changes", filesSink({ path: "./lake/changes", format: jsonLines() }), { commitEvery });
    hours.to("parts", delta({ path: "./lake/parts", partitionBy: ["net"] }), { commitEvery });
  } else {
    quakes.to("bronze", delta({ path: "./lake/bronze" }), { commitEvery });
    hours.to("gold", delta({ path: "./lake/gold" }), { commitEvery });
  }
});
