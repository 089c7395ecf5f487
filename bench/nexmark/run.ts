/**
 * Runs one query of the Nexmark benchmark, exactly once, with a checkpoint each second.
 *
 *     node bench/nexmark/run.ts QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY
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
import { QUERIES } from "./queries.ts";

const [name = "", input = "", output = ""] = process.argv.slice(2);
const query = QUERIES[name];
if (query === undefined)
  throw new Error(`There is no query "${name}"; there are: ${Object.keys(QUERIES).join(", ")}.`);
if (existsSync(output) && readdirSync(output).length > 0) throw new Error(`${output} is not empty.`);

const sink = filesSink({ path: join(resolve(output), "result"), format: csvLines({ header: false }) });
const definition = pipeline(name, (p) => {
  query(eventsOf(p, resolve(input))).to("result", sink);
});
let commits = 0;
const report = await run(definition.build(), {
  stateDirectory: join(resolve(output), "state"),
  directory: process.cwd(),
  connectors: { files: committerFactory },
  onShown: () => {
    commits++;
  },
});
console.log(`${report.rowsRead} events, ${report.epoch} epochs, ${commits} commits`);
process.exit();
