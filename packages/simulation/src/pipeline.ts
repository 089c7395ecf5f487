/** The drawn pipeline, written as its user would. */
import type { Schema } from "@df/core";
import {
  type Events,
  pipeline,
  type Pipeline,
  type PipelineDefinition,
  t,
  type Timestamp,
  tumbling,
} from "dataflow";
import { delta } from "dataflow/delta";
import { filesSink, jsonLines } from "dataflow/files";
import { parquet } from "dataflow/parquet";
import { ALLOWED_LATENESS_MS, type Drawn, POISON } from "./drawn.ts";
import { logSource } from "./ports/source.ts";

/** Columns of the logs. */
export const VISITS: Schema = t.row({
  id: t.int64(),
  key: t.string(),
  at: t.timestamp(),
  value: t.int64(),
}).schema;
interface Read {
  readonly id: bigint;
  readonly key: string;
  readonly at: Timestamp;
  readonly value: bigint;
}

/** The pipeline of a case. Sinks write to tables that are called like them. */
export function drawnPipeline(drawn: Drawn): PipelineDefinition {
  const { batchRows, checkpointEvery, commitEvery, hours } = drawn;
  const rejected = parquet({ path: "rejected" });
  return pipeline("simulated", { batchRows, checkpointEvery, rejected }, (p) => {
    const left = rowsOf(p, drawn, "left");
    const rows = drawn.union ? left.union(rowsOf(p, drawn, "right")) : left;
    rows.to("copy", appendTo("copy", drawn), { commitEvery });
    if (hours === "final") finalHours(rows, drawn);
    else if (hours !== "none") changingHours(rows, drawn, hours);
    if (drawn.view) {
      rows
        .groupBy("key")
        .aggregate("totals", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }))
        .to("view", upsertTo("view", drawn), { commitEvery });
    }
    if (drawn.latest) {
      rows
        .groupBy("key")
        .latest("newest", { by: ["at", "id", "value"] })
        .to("latest", upsertTo("latest", drawn), { commitEvery });
    }
  });
}

function rowsOf(p: Pipeline, { maxOutOfOrderness }: Drawn, source: "left" | "right"): Events<Read> {
  return p.from(source, logSource<Read>(VISITS), { eventTime: "at", maxOutOfOrderness }).filter((row) => {
    if (row.value === POISON) throw new Error("a poisoned row");
    return row.value >= 0n;
  });
}

function finalHours(rows: Events<Read>, drawn: Drawn): void {
  const { commitEvery } = drawn;
  const hours = rows
    .keyBy("key")
    .window(tumbling("1h"))
    .aggregate("hours-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }));
  hours.to("hours", appendTo("hours", drawn), { commitEvery });
  hours.late.to("late", appendTo("late", drawn), { commitEvery });
  if (!drawn.days) return;
  hours
    .keyBy("key")
    .window(tumbling("4h"))
    .aggregate("days-of", (a) => ({ rows: a.sum("rows"), total: a.sum("total") }))
    .to("days", appendTo("days", drawn), { commitEvery });
}

function changingHours(rows: Events<Read>, drawn: Drawn, emit: "corrected" | "onUpdate"): void {
  const { commitEvery } = drawn;
  const hours = rows
    .keyBy("key")
    .window(tumbling("1h"))
    .aggregate("hours-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }), {
      emit: emit === "onUpdate" ? "onUpdate" : "final",
      allowedLateness: `${ALLOWED_LATENESS_MS}ms`,
    });
  hours.to("hours", upsertTo("hours", drawn), { commitEvery });
  hours.late.to("late", appendTo("late", drawn), { commitEvery });
  if (!drawn.days) return;
  hours
    .changelog("changes")
    .keyBy("key")
    .window(tumbling("4h"))
    .aggregate("days-of", (a) => ({ rows: a.sum("rows"), total: a.sum("total") }))
    .to("days", appendTo("days", drawn), { commitEvery });
}

function appendTo(path: string, { append, partitioned }: Drawn) {
  const partitionBy = partitioned && path === "copy" ? ["key"] : [];
  if (append === "delta") return delta({ path, partitionBy });
  if (append === "parquet") return parquet({ path, partitionBy });
  return filesSink({ path, format: jsonLines() });
}

function upsertTo(path: string, { upsert }: Drawn) {
  return upsert === "delta" ? delta({ path }) : filesSink({ path, format: jsonLines() });
}
