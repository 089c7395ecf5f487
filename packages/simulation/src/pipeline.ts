/** The drawn pipeline, written as its user would. */
import type { Schema } from "@df/core";
import {
  type Events,
  pipeline,
  type Pipeline,
  type PipelineDefinition,
  t,
  type Timestamp,
  session,
  sliding,
  tumbling,
} from "dataflow";
import { delta } from "dataflow/delta";
import { filesSink, jsonLines } from "dataflow/files";
import { parquet } from "dataflow/parquet";
import { ALLOWED_LATENESS_MS, type Drawn, GAP_MS, POISON, SLIDING, WITHIN_MS } from "./drawn.ts";
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
    const right = drawn.second === "nothing" ? undefined : rowsOf(p, drawn, "right");
    const rows = right !== undefined && drawn.second === "union" ? left.union(right) : left;
    rows.to("copy", appendTo("copy", drawn), { commitEvery });
    if (right !== undefined && drawn.second === "join") joined(left, right, drawn);
    if (hours === "final") finalHours(rows, drawn);
    else if (hours !== "none") changingHours(rows, drawn, hours);
    if (drawn.sliding) slidingWindows(rows, drawn);
    if (drawn.visits !== "none") visits(rows, drawn, drawn.visits);
    if (drawn.first) {
      rows
        .dedupe("first-of", { by: "id", within: `${WITHIN_MS}ms`, keep: "first" })
        .to("first", appendTo("first", drawn), { commitEvery });
    }
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

function slidingWindows(rows: Events<Read>, drawn: Drawn): void {
  rows
    .keyBy("key")
    .window(sliding(`${SLIDING.sizeMs}ms`, `${SLIDING.everyMs}ms`))
    .aggregate("sliding-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }))
    .to("sliding", appendTo("sliding", drawn), { commitEvery: drawn.commitEvery });
}

function visits(rows: Events<Read>, drawn: Drawn, emit: "final" | "onUpdate"): void {
  const { commitEvery } = drawn;
  const grouped = rows.keyBy("key").window(session(`${GAP_MS}ms`));
  if (emit === "final") {
    grouped
      .aggregate("visits-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }))
      .to("visits", appendTo("visits", drawn), { commitEvery });
  } else {
    grouped
      .aggregate("visits-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }), {
        emit: "onUpdate",
        allowedLateness: `${ALLOWED_LATENESS_MS}ms`,
      })
      .to("visits", upsertTo("visits", drawn), { commitEvery });
  }
}

function joined(left: Events<Read>, right: Events<Read>, drawn: Drawn): void {
  left
    .joinWindow("pairs-of", right, {
      on: { key: "key", value: "value" },
      window: tumbling("1h"),
      type: "left",
      select: (one, other) => ({ id: one("id"), other: other("id") }),
    })
    .to("joined", appendTo("joined", drawn), { commitEvery: drawn.commitEvery });
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
