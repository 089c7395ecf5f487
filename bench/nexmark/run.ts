/**
 * Runs one query of the Nexmark benchmark, exactly once, with a checkpoint each second.
 *
 *     node bench/nexmark/run.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [DECODE_THREADS] [--target csv|delta] \
 *       [--parallelism SHARDS]
 *
 * Reads `part-*.jsonl`, as generate.ts writes them, and writes CSV without a header, or a Delta table.
 * The output directory must be new or empty. The last line says how many events were read, how many epochs were stored
 * and how many deliveries committed.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ChangeMode, CommitterFactory, Duration, TypedSink } from "@df/core";
import type { Plan } from "@df/core/plan/plan";
import { run, type RunHandle } from "@df/core/runtime/run";
import type { LoadPlan } from "@df/core/runtime/plan-elsewhere";
import { pipeline } from "dataflow";
import { eventsOf } from "./event.ts";
import { QUERIES, type Query } from "./queries.ts";

/** What is run: the queries, and what they read. */
export interface Program {
  readonly QUERIES: Readonly<Record<string, Query>>;
  readonly eventsOf: typeof eventsOf;
}

/** Where a result goes: each side of a comparison loads its own. */
interface Target {
  readonly sink: TypedSink<unknown, ChangeMode>;
  readonly committerFactory: CommitterFactory;
}

/** The targets that a result at a path can have. */
const TARGETS = {
  csv: async (path: string): Promise<Target> => {
    const { csvLines, filesSink } = await import("dataflow/files");
    const sink = filesSink({ path, format: csvLines({ header: false }) });
    return { sink, ...(await import("@df/connectors/files-sink/committer")) };
  },
  delta: async (path: string): Promise<Target> => {
    const { delta } = await import("dataflow/delta");
    return { sink: delta({ path }), ...(await import("@df/connectors/delta/committer")) };
  },
};
export type TargetName = keyof typeof TARGETS;

function isTarget(name: string): name is TargetName {
  return Object.hasOwn(TARGETS, name);
}

/** How a query is run. */
export interface QueryOptions {
  readonly program?: Program | undefined;
  /** Default: 0. */
  readonly decodeThreads?: number | undefined;
  /** Shards, each on a thread as far as there are cores; default: 1. Not with a program of one's own. */
  readonly parallelism?: number | undefined;
  readonly target?: TargetName | undefined;
  readonly checkpointEvery?: Duration | undefined;
  /** Goes on in an output that an earlier run has left. */
  readonly again?: boolean | undefined;
  /** Asks for a clean stop. */
  readonly signal?: AbortSignal | undefined;
  /** The query runs. */
  readonly onStart?: ((handle: RunHandle) => void) | undefined;
}

/** What a run says at its end. */
export interface Ran {
  readonly events: number;
  readonly epochs: number;
  readonly commits: number;
  /** Keys in the state of `groupBy` steps. */
  readonly groups: number;
}

/** Runs a query to the end of its input. @throws for a query that there is not, and for an output that is not empty */
export async function runQuery(
  name: string,
  input: string,
  output: string,
  options: QueryOptions = {},
): Promise<Ran> {
  const { program, decodeThreads = 0, parallelism = 1, target = "csv", checkpointEvery = "1s" } = options;
  if (options.again !== true && existsSync(output) && readdirSync(output).length > 0)
    throw new Error(`${output} is not empty.`);
  const made = { name, input: resolve(input), output: resolve(output), target, checkpointEvery };
  const { plan, connector, committerFactory } = await planOf(made, program);
  const planElsewhere = { module: import.meta.url, given: made };
  let commits = 0;
  const report = await run(plan, {
    stateDirectory: join(resolve(output), "state"),
    unsafeStateFs: true,
    directory: process.cwd(),
    connectors: { [connector]: committerFactory },
    decodeThreads,
    parallelism,
    ...(program === undefined ? { planElsewhere } : {}),
    signal: options.signal,
    onStart: options.onStart,
    onShown: () => {
      commits++;
    },
  });
  const groups = Object.values(report.gauges).reduce((sum, gauges) => sum + (gauges["groups"] ?? 0), 0);
  return { events: report.rowsRead, epochs: report.epoch, commits, groups };
}

/** What a plan is made of, as plain data. */
interface Made {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly target: TargetName;
  readonly checkpointEvery: Duration;
}

/** The plan of a query, and what shows its rows. */
async function planOf(
  { name, input, output, target, checkpointEvery }: Made,
  program: Program = { QUERIES, eventsOf },
): Promise<{ plan: Plan; connector: string; committerFactory: CommitterFactory }> {
  const query = program.QUERIES[name];
  if (query === undefined)
    throw new Error(`There is no query "${name}"; there are: ${Object.keys(QUERIES).join(", ")}.`);
  const { sink, committerFactory } = await TARGETS[target](join(output, "result"));
  const definition = pipeline(name, { checkpointEvery }, (p) => {
    query(program.eventsOf(p, input)).to("result", sink);
  });
  return { plan: definition.build(), connector: sink.connector, committerFactory };
}

/** The plan of a query, for a thread that has shards of it. */
export const loadPlan: LoadPlan<Made> = async (made) => (await planOf(made)).plan;

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: "string", default: "csv" },
      parallelism: { type: "string", default: "1" },
    },
  });
  const [name = "", input = "", output = "", decodeThreads = "0"] = positionals;
  const { target, parallelism } = values;
  if (!isTarget(target))
    throw new Error(`There is no target "${target}"; there are: ${Object.keys(TARGETS).join(", ")}.`);
  const { events, epochs, commits } = await runQuery(name, input, output, {
    decodeThreads: Number(decodeThreads),
    parallelism: Number(parallelism),
    target,
  });
  console.log(`${events} events, ${epochs} epochs, ${commits} commits`);
  process.exit();
}
