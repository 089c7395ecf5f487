import { pipeline, session, t } from "dataflow";
import { csv } from "dataflow/csv";
import { delta } from "dataflow/delta";
import { csvLines, files, filesSink, jsonLines } from "dataflow/files";

const Click = t.row({
  request: t.string(),
  time: t.timestamp(),
  user: t.string().nullable(),
  path: t.string(),
  status: t.int(),
  ms: t.int(),
});

export default pipeline("shop-visits", (p) => {
  const clicks = p.from(
    "clicks",
    files({ path: new URL("./input/*.csv", import.meta.url), decode: csv(Click) }),
    {
      eventTime: "time",
      maxOutOfOrderness: "10m",
      onInvalid: filesSink({ path: "./lake/quarantine", format: jsonLines() }),
    },
  );
  clicks.to("bronze", delta({ path: "./lake/bronze/clicks" }));

  const silver = clicks.dedupe("by-request", { by: "request", within: "1h", keep: "first" });
  silver.to("silver", delta({ path: "./lake/silver/clicks" }));
  silver.late.to("late", delta({ path: "./lake/silver/late_clicks" }));

  const bySignedIn = silver.notNull("user");
  bySignedIn
    .keyBy("user")
    .window(session("30m"))
    .aggregate("per-visit", (a) => ({
      clicks: a.count(),
      failed: a.where((click) => click.status >= 400).count(),
      slowestMs: a.max("ms"),
    }))
    .to("visits", filesSink({ path: "./lake/gold/visits", format: csvLines() }));

  silver
    .groupBy("path")
    .aggregate("per-page", (a) => ({
      clicks: a.count(),
      failed: a.where((click) => click.status >= 400).count(),
      meanMs: a.where((click) => click.status < 400).avg("ms"),
    }))
    .to("pages", delta({ path: "./lake/gold/pages" }));

  bySignedIn
    .groupBy("user")
    .latest("last-click", { by: ["time", "request"] })
    .to("customers", delta({ path: "./lake/gold/customers" }));
});
