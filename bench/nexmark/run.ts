/**
 * Runs one query of the Nexmark benchmark, exactly once, with a checkpoint each second.
 *
 *     node bench/nexmark/run.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY [DECODE_THREADS]
 *
 * Reads `part-*.jsonl`, as generate.ts writes them, and writes CSV without a header. The output directory must be new or
 * empty. The last line says how many events were read, how many epochs were stored and how many deliveries committed.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { committerFactory } from "@df/connectors/files-sink/committer";
import { run } from "@df/core/runtime/run";
import { pipeline } from "dataflow";
import { csvLines, filesSink } from "dataflow/files";
import { eventsOf } from "./event.ts";
import { QUERIES, type Query } from "./queries.ts";

/** What is run: the queries, and what they read. */
export interface Program {
  readonly QUERIES: Readonly<Record<string, Query>>;
  readonly eventsOf: typeof eventsOf;
}

/** How a query is run. */
export interface QueryOptions {
  readonly program?: Program;
  /** Default: 0. */
  readonly decodeThreads?: number;
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
  { program = { QUERIES, eventsOf }, decodeThreads = 0 }: QueryOptions = {},
): Promise<Ran> {
  const query = program.QUERIES[name];
  if (query === undefined)
    throw new Error(`There is no query "${name}"; there are: ${Object.keys(QUERIES).join(", ")}.`);
  if (existsSync(output) && readdirSync(output).length > 0) throw new Error(`${output} is not empty.`);
  const sink = filesSink({ path: join(resolve(output), "result"), format: csvLines({ header: false }) });
  const definition = pipeline(name, (p) => {
    query(program.eventsOf(p, resolve(input))).to("result", sink);
  });
  let commits = 0;
  const report = await run(definition.build(), {
    stateDirectory: join(resolve(output), "state"),
    unsafeStateFs: true,
    directory: process.cwd(),
    connectors: { files: committerFactory },
    decodeThreads,
    onShown: () => {
      commits++;
    },
  });
  return { events: report.rowsRead, epochs: report.epoch, commits };
}

if (import.meta.main) {
  const [name = "", input = "", output = "", decodeThreads = "0"] = process.argv.slice(2);
  const options = { decodeThreads: Number(decodeThreads) };
  const { events, epochs, commits } = await runQuery(name, input, output, options);
  console.log(`${events} events, ${epochs} epochs, ${commits} commits`);
  process.exit();
}
