/**
 * Runs one query of the Nexmark benchmark, exactly once, with a checkpoint each second.
 *
 *     node bench/nexmark/run.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [DECODE_THREADS] [--target csv|delta]
 *
 * Reads `part-*.jsonl`, as generate.ts writes them, and writes CSV without a header, or a Delta table.
 * The output directory must be new or empty. The last line says how many events were read, how many epochs were stored
 * and how many deliveries committed.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ChangeMode, CommitterFactory, Duration, TypedSink } from "@df/core";
import { run } from "@df/core/runtime/run";
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
  readonly target?: TargetName | undefined;
  readonly checkpointEvery?: Duration | undefined;
  /** Goes on in an output that an earlier run has left. */
  readonly again?: boolean | undefined;
  /** Asks for a clean stop. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run says at its end. */
export interface Ran {
  readonly events: number;
  readonly epochs: number;
  readonly commits: number;
}

/** Runs a query to the end of its input. @throws for a query that there is not, and for an output that is not empty */
export async function runQuery(
  name: string,
  input: string,
  output: string,
  options: QueryOptions = {},
): Promise<Ran> {
  const {
    program = { QUERIES, eventsOf },
    decodeThreads = 0,
    target = "csv",
    checkpointEvery = "1s",
  } = options;
  const query = program.QUERIES[name];
  if (query === undefined)
    throw new Error(`There is no query "${name}"; there are: ${Object.keys(QUERIES).join(", ")}.`);
  if (options.again !== true && existsSync(output) && readdirSync(output).length > 0)
    throw new Error(`${output} is not empty.`);
  const { sink, committerFactory } = await TARGETS[target](join(resolve(output), "result"));
  const definition = pipeline(name, { checkpointEvery }, (p) => {
    query(program.eventsOf(p, resolve(input))).to("result", sink);
  });
  let commits = 0;
  const report = await run(definition.build(), {
    stateDirectory: join(resolve(output), "state"),
    unsafeStateFs: true,
    directory: process.cwd(),
    connectors: { [sink.connector]: committerFactory },
    decodeThreads,
    signal: options.signal,
    onShown: () => {
      commits++;
    },
  });
  return { events: report.rowsRead, epochs: report.epoch, commits };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { target: { type: "string", default: "csv" } },
  });
  const [name = "", input = "", output = "", decodeThreads = "0"] = positionals;
  const { target } = values;
  if (!isTarget(target))
    throw new Error(`There is no target "${target}"; there are: ${Object.keys(TARGETS).join(", ")}.`);
  const { events, epochs, commits } = await runQuery(name, input, output, {
    decodeThreads: Number(decodeThreads),
    target,
  });
  console.log(`${events} events, ${epochs} epochs, ${commits} commits`);
  process.exit();
}
