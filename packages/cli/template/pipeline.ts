import { pipeline, t, tumbling } from "dataflow";
import { csvLines, files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";

/** A line of the input. */
const Reading = t.row({
  sensor: t.string(),
  time: t.timestamp(),
  celsius: t.float64(),
});

export default pipeline("temperatures", (p) => {
  const readings = p.from("readings", files({ path: "input/*.jsonl", decode: json(Reading) }), {
    // Event time: when it was measured, not when the line is read.
    eventTime: "time",
    // How much disorder is expected. The clock of a file stays this far behind its newest row.
    maxOutOfOrderness: "5m",
    // Quarantine: lines that are no readings go here, with the reason, and stop nothing.
    onInvalid: filesSink({ path: "out/quarantine", format: jsonLines() }),
  });

  const perHour = readings
    .keyBy("sensor")
    .window(tumbling("1h"))
    .aggregate("per-hour", (a) => ({
      readings: a.count(),
      mean: a.avg("celsius"),
      highest: a.max("celsius"),
    }));

  // A row per sensor and hour, once the clock has passed the end of the hour.
  perHour.to("hours", filesSink({ path: "out/hours", format: csvLines() }));
  // Late rows: their hour was over when they came. They are kept, not counted.
  perHour.late.to("late", filesSink({ path: "out/late", format: jsonLines() }));
});
