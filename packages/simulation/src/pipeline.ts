/** The drawn pipeline, written as its user would. */
import type { Schema } from "@df/core";
import {
  type Events,
  migration,
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
import {
  ALLOWED_LATENESS_MS,
  type Drawn,
  GAP_MS,
  POISON,
  SLIDING,
  type SinkKind,
  type Version,
  WITHIN_MS,
} from "./drawn.ts";
import { logSource } from "./ports/source.ts";

const Visit = t.row({ id: t.int64(), key: t.string(), at: t.timestamp(), value: t.int64() });
/** Columns of the logs. */
export const VISITS: Schema = Visit.schema;
const LOWERED = migration("lowered", Visit, (row) => ({ ...row, value: row.value - 1n }));
interface Read {
  readonly id: bigint;
  readonly key: string;
  readonly at: Timestamp;
  readonly value: bigint;
}

/** What a version of a pipeline is written of. */
type Written = Drawn & Version;

/** A version of the pipeline of a case. Tables are called like their sinks. */
export function drawnPipeline(drawn: Drawn, version: Version): PipelineDefinition {
  const { batchRows, checkpointEvery } = drawn;
  const written = { ...drawn, ...version };
  const rejected = drawn.rejects
    ? { rejected: parquet({ path: pathOf("rejected", "parquet", written) }) }
    : {};
  const renaming = version.scope === "second" ? { renamedFrom: "first" } : {};
  return pipeline("simulated", { batchRows, checkpointEvery, ...rejected }, (p) => {
    p.scope(version.scope, (inside) => write(inside, written), renaming);
  });
}

function write(p: Pipeline, drawn: Written): void {
  const { commitEvery, hours } = drawn;
  const left = rowsOf(p, drawn, "left");
  const right = drawn.second === "nothing" ? undefined : rowsOf(p, drawn, "right");
  const rows = right !== undefined && drawn.second === "union" ? left.union(right) : left;
  if (drawn.copy) rows.to("copy", appendTo("copy", drawn), { commitEvery });
  if (right !== undefined && drawn.second === "join") joined(left, right, drawn);
  if (hours === "final") finalHours(rows, drawn);
  else if (hours !== "none") changingHours(rows, drawn, hours);
  if (drawn.sliding) slidingWindows(rows, drawn);
  if (drawn.visits !== "none") visits(rows, drawn, drawn.visits);
  if (drawn.first) {
    spared(rows, drawn)
      .dedupe("first-of", { by: "id", within: `${WITHIN_MS}ms`, keep: "first" })
      .select((col) => ({ id: col("id"), key: col("key"), at: col("at"), value: col("value") }))
      .to("first", appendTo("first", drawn), { commitEvery });
  }
  if (drawn.view) view(rows, drawn);
  if (drawn.latest) {
    newest(rows, drawn).to("latest", upsertTo("latest", drawn), { commitEvery });
  }
}

/** With one column more, before the others, where steps are to have more. */
function spared(rows: Events<Read>, { aggregates }: Written): Events<Read> {
  return aggregates === "more" ? rows.select((col) => ({ spare: col("value"), ...col.all })) : rows;
}

/** Keeps values that are one more, or, from the migration on, as they are: only its function tells them apart. */
function newest(rows: Events<Read>, { aggregates }: Written) {
  const by = ["at", "id", "value"] as const;
  if (aggregates === "fewer") {
    return rows
      .groupBy("key")
      .latest("newest", { by, migrate: LOWERED })
      .select((col) => ({ key: col("key"), id: col("id"), at: col("at"), value: col("value") }));
  }
  return rows
    .select((col) => ({ ...col.all, value: col("value").add(1n) }))
    .groupBy("key")
    .latest("newest", { by })
    .select((col) => ({ key: col("key"), id: col("id"), at: col("at"), value: col("value").sub(1n) }));
}

function view(rows: Events<Read>, drawn: Written): void {
  const { commitEvery, summed } = drawn;
  const groups = rows.groupBy("key");
  const totals =
    drawn.aggregates === "more"
      ? groups
          .aggregate("totals", (a) => ({
            rows: a.count(),
            newest: a.max("at"),
            total: a.sum(summed),
            highest: a.max("value"),
          }))
          .select((col) => ({ key: col("key"), rows: col("rows"), total: col("total") }))
      : groups
          .aggregate("totals", (a) => ({ total: a.sum(summed), rows: a.count() }))
          .select((col) => ({ key: col("key"), rows: col("rows"), total: col("total") }));
  totals.to("view", upsertTo("view", drawn), { commitEvery });
}

function rowsOf(p: Pipeline, { maxOutOfOrderness }: Drawn, source: "left" | "right"): Events<Read> {
  return p.from(source, logSource<Read>(VISITS), { eventTime: "at", maxOutOfOrderness }).filter(isKept);
}

/** Made once: to tell where an error comes from takes longer than the row. */
const POISONED = new Error("a poisoned row");

/** One function for all pipelines: what is found of its text is found once. */
function isKept(row: Read): boolean {
  if (row.value === POISON) throw POISONED;
  return row.value >= 0n;
}

function finalHours(rows: Events<Read>, drawn: Written): void {
  const { commitEvery } = drawn;
  const windows = rows.keyBy("key").window(tumbling("1h"));
  const hours =
    drawn.aggregates === "more"
      ? windows.aggregate("hours-of", (a) => ({
          highest: a.max("value"),
          total: a.sum(drawn.summed),
          rows: a.count(),
        }))
      : windows.aggregate("hours-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }));
  hours
    .select((col) => ({
      key: col("key"),
      windowStart: col("windowStart"),
      windowEnd: col("windowEnd"),
      rows: col("rows"),
      total: col("total"),
    }))
    .to("hours", appendTo("hours", drawn), { commitEvery });
  if (drawn.late) hours.late.to("late", appendTo("late", drawn), { commitEvery });
  if (!drawn.days) return;
  hours
    .keyBy("key")
    .window(tumbling("4h"))
    .aggregate("days-of", (a) => ({ rows: a.sum("rows"), total: a.sum("total") }))
    .to("days", appendTo("days", drawn), { commitEvery });
}

function changingHours(rows: Events<Read>, drawn: Written, emit: "corrected" | "onUpdate"): void {
  const { commitEvery } = drawn;
  const hours = rows
    .keyBy("key")
    .window(tumbling("1h"))
    .aggregate("hours-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }), {
      emit: emit === "onUpdate" ? "onUpdate" : "final",
      allowedLateness: `${ALLOWED_LATENESS_MS}ms`,
    });
  hours.to("hours", upsertTo("hours", drawn), { commitEvery });
  if (drawn.late) hours.late.to("late", appendTo("late", drawn), { commitEvery });
  if (!drawn.days) return;
  hours
    .changelog("changes")
    .keyBy("key")
    .window(tumbling("4h"))
    .aggregate("days-of", (a) => ({ rows: a.sum("rows"), total: a.sum("total") }))
    .to("days", appendTo("days", drawn), { commitEvery });
}

function slidingWindows(rows: Events<Read>, drawn: Written): void {
  rows
    .keyBy("key")
    .window(sliding(`${SLIDING.sizeMs}ms`, `${SLIDING.everyMs}ms`))
    .aggregate("sliding-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }))
    .to("sliding", appendTo("sliding", drawn), { commitEvery: drawn.commitEvery });
}

function visits(rows: Events<Read>, drawn: Written, emit: "final" | "onUpdate"): void {
  const { commitEvery } = drawn;
  const grouped = rows.keyBy("key").window(session(`${GAP_MS}ms`));
  const more = drawn.aggregates === "more";
  if (emit === "final") {
    const visited = more
      ? grouped.aggregate("visits-of", (a) => ({
          highest: a.max("value"),
          total: a.sum(drawn.summed),
          rows: a.count(),
        }))
      : grouped.aggregate("visits-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }));
    visited
      .select((col) => ({
        key: col("key"),
        windowStart: col("windowStart"),
        windowEnd: col("windowEnd"),
        rows: col("rows"),
        total: col("total"),
      }))
      .to("visits", appendTo("visits", drawn), { commitEvery });
    return;
  }
  const changing = { emit, allowedLateness: `${ALLOWED_LATENESS_MS}ms` } as const;
  const visited = more
    ? grouped.aggregate(
        "visits-of",
        (a) => ({ highest: a.max("value"), total: a.sum(drawn.summed), rows: a.count() }),
        changing,
      )
    : grouped.aggregate("visits-of", (a) => ({ rows: a.count(), total: a.sum(drawn.summed) }), changing);
  visited
    .select((col) => ({
      key: col("key"),
      windowStart: col("windowStart"),
      windowEnd: col("windowEnd"),
      rows: col("rows"),
      total: col("total"),
    }))
    .to("visits", upsertTo("visits", drawn), { commitEvery });
}

function joined(left: Events<Read>, right: Events<Read>, drawn: Written): void {
  left
    .joinWindow("pairs-of", right, {
      on: { key: "key", value: "value" },
      window: tumbling("1h"),
      type: "left",
      select: (one, other) => ({
        ...(drawn.aggregates === "more" ? { spare: one("at"), since: other("at") } : {}),
        id: one("id"),
        other: other("id"),
      }),
    })
    .select((col) => ({ id: col("id"), other: col("other") }))
    .to("joined", appendTo("joined", drawn), { commitEvery: drawn.commitEvery });
}

function appendTo(table: string, drawn: Written) {
  const { append, partitioned } = drawn;
  const path = pathOf(table, append, drawn);
  const partitionBy = partitioned && table === "copy" ? ["key"] : [];
  if (append === "delta") return delta({ path, partitionBy });
  if (append === "parquet") return parquet({ path, partitionBy });
  return filesSink({ path, format: jsonLines() });
}

function upsertTo(table: string, drawn: Written) {
  const { upsert } = drawn;
  const path = pathOf(table, upsert, drawn);
  return upsert === "delta" ? delta({ path }) : filesSink({ path, format: jsonLines() });
}

/** Others can set a Delta table back, and nothing else. */
function pathOf(table: string, kind: SinkKind, { targets }: Written): string {
  return kind === "delta" ? table : `${targets}${table}`;
}
