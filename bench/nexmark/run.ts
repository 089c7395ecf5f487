/**
 * Runs one query of the Nexmark benchmark, exactly once, with a checkpoint each second.
 *
 *     node bench/nexmark/run.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY
 *
 * The output directory must be new or empty. The last line says how many events were read, how many epochs were stored
 * and how many deliveries were committed.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { committerFactory } from "@df/connectors/parquet/committer";
import { run } from "@df/core/runtime/run";
import type { PipelineDefinition } from "dataflow";
import { q5 } from "./q5.ts";
import { q7 } from "./q7.ts";

const QUERIES: Readonly<Record<string, (input: string, output: string) => PipelineDefinition>> = { q5, q7 };

const [query = "", input = "", output = ""] = process.argv.slice(2);
const definition = QUERIES[query];
if (definition === undefined)
  throw new Error(`There is no query "${query}"; there are: ${Object.keys(QUERIES).join(", ")}.`);
if (existsSync(output) && readdirSync(output).length > 0) throw new Error(`${output} is not empty.`);

let commits = 0;
const report = await run(definition(resolve(input), join(resolve(output), "windows")).build(), {
  stateDirectory: join(resolve(output), "state"),
  directory: process.cwd(),
  connectors: { parquet: committerFactory },
  onShown: () => {
    commits++;
  },
});
console.log(`${report.rowsRead} events, ${report.epoch} epochs, ${commits} commits`);
process.exit();
