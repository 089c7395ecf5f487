/** The first example with all sinks that write files: many epochs and deliveries, to cut the power between any two. */
import { pipeline, t } from "dataflow";
import { delta } from "dataflow/delta";
import { filesSink, jsonLines } from "dataflow/files";
import { parquet } from "dataflow/parquet";
import { MANY_EPOCHS, perHour, slowQuakes } from "./quakes.ts";

/** The row at which the process kills itself; 0: it does not. */
const killAtRow = Number(process.env["CRASH_AT_ROW"] ?? 0);
const commitEvery = { time: "50ms", bytes: 1 << 20 } as const;
let rows = 0;

export default pipeline("power-cut", MANY_EPOCHS, (p) => {
  const quakes = slowQuakes(p, () => {
    if (++rows === killAtRow) process.kill(process.pid, "SIGKILL");
  });
  quakes.to("append", delta({ path: "./out/lake/append" }), { commitEvery });
  quakes.to("parquet", parquet({ path: "./out/lake/parquet", partitionBy: ["net"] }), { commitEvery });
  quakes.to("files", filesSink({ path: "./out/lake/files", format: jsonLines() }), { commitEvery });
  // A row of it is more than an epoch keeps in the database.
  quakes
    .filter(({ mag }) => mag >= 5.5)
    .map({ id: t.string(), text: t.string() }, ({ id }) => ({ id, text: id.repeat(30_000) }))
    .to("wide", filesSink({ path: "./out/lake/wide", format: jsonLines() }), { commitEvery });
  perHour(quakes).to("upsert", delta({ path: "./out/lake/upsert" }), { commitEvery });
});
