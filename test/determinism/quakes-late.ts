/**
 * The earthquakes with a bound far smaller than their disorder: many rows are late, and which ones is a fact of the
 * logs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { root } from "../command.ts";

const Quake = t.row({ id: t.string(), time: t.timestamp(), net: t.string(), mag: t.float64() });

export interface Quake {
  readonly id: string;
  readonly time: number;
  readonly net: string;
  readonly mag: number;
}

/** All events in the order in which they became known. */
export const quakes: readonly Quake[] = readFileSync(
  join(root, "examples/01-earthquakes/input/earthquakes.jsonl"),
  "utf8",
)
  .trimEnd()
  .split("\n")
  .map((line) => {
    const { id, time, net, mag } = JSON.parse(line) as Quake;
    return { id, time, net, mag };
  });

export type Logs = Readonly<Record<string, readonly Quake[]>>;

/** Fixed ways to spread the events over logs, each log in its own order. */
export const SPLITS: Readonly<Record<"one log" | "by net" | "every third line" | "two halves", Logs>> = {
  "one log": { all: quakes },
  "by net": Object.groupBy(quakes, ({ net }) => net) as Logs,
  "every third line": Object.groupBy(quakes, (quake) => `third-${quakes.indexOf(quake) % 3}`) as Logs,
  "two halves": { a: quakes.slice(0, 854), b: quakes.slice(854) },
};

export interface LateOptions {
  readonly logs: Logs;
  readonly allowedLateness: "0s" | "24h";
  readonly maxOutOfOrderness?: "0s" | "1h";
  readonly batchRows?: number;
  /** Prefix of the targets' names. */
  readonly name: string;
}

/** Hours per net with final results, days over the hours, and what came too late for its hour. */
export function latePipeline({
  logs,
  allowedLateness,
  maxOutOfOrderness = "1h",
  batchRows = 4096,
  name,
}: LateOptions): PipelineDefinition {
  return pipeline("quakes-late", { batchRows }, (p) => {
    const hours = p
      .from("quakes", memorySource(logs, Quake, { bounded: false }), { eventTime: "time", maxOutOfOrderness })
      .keyBy("net")
      .window(tumbling("1h"));
    const count = "hours";
    if (allowedLateness === "0s") {
      const hour = hours.aggregate(count, (a) => ({ quakes: a.count(), mags: a.sum("mag") }), {
        emit: "final",
      });
      hour.to("hours-out", memorySink(`${name}-hours`));
      hour.late.to("late-out", memorySink(`${name}-late`));
      const day = hour.keyBy("net").window(tumbling("1d"));
      day
        .aggregate("days", (a) => ({ quakes: a.sum("quakes"), mags: a.sum("mags") }))
        .to("days-out", memorySink(`${name}-days`));
    } else {
      const hour = hours.aggregate(count, (a) => ({ quakes: a.count(), mags: a.sum("mag") }), {
        emit: "final",
        allowedLateness,
      });
      hour.to("hours-out", memorySink(`${name}-hours`));
      hour.late.to("late-out", memorySink(`${name}-late`));
      const day = hour.changelog("changes").keyBy("net").window(tumbling("1d"));
      day
        .aggregate("days", (a) => ({ quakes: a.sum("quakes"), mags: a.sum("mags") }))
        .to("days-out", memorySink(`${name}-days`));
    }
  });
}
