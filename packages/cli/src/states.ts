import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataflowError } from "@df/core";

/** The pipelines whose states lie in a state directory, by name, one at least. @throws DF_USAGE where there is none */
export function pipelinesIn(directory: string): readonly string[] {
  const found = statSync(directory, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(directory).filter((name) => existsSync(join(directory, name, "state.sqlite")))
    : [];
  if (found.length > 0) return found;
  throw new DataflowError(
    "DF_USAGE",
    `${directory} holds no state of a pipeline. Run one, or name the directory with --state-dir.`,
  );
}

/** The one that is meant: the only one, or the one that is named. @throws DF_USAGE naming those that there are */
export function pipelineIn(directory: string, named: string | undefined): string {
  const found = pipelinesIn(directory);
  const [first = "", second] = found;
  if (named === undefined && second === undefined) return first;
  if (named !== undefined && found.includes(named)) return named;
  const names = found.map((name) => `"${name}"`).join(", ");
  throw new DataflowError(
    "DF_USAGE",
    `${directory} holds the states of ${names}${named === undefined ? "" : `, and none of "${named}"`}. Say which is meant: --pipeline ${first}`,
  );
}
