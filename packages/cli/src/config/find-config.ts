import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataflowError } from "@df/core";

/** The names a configuration may have. */
const NAMES = ["ts", "mts", "js", "mjs"].map((ending) => `dataflow.config.${ending}`);
/** Names that somebody may expect to be read. */
const OTHERS = ["cts", "cjs", "json", "jsonc", "yaml", "yml", "toml"].map(
  (ending) => `dataflow.config.${ending}`,
);

/** A configuration that was found. */
export interface FoundConfig {
  readonly path: string;
  /** As messages name it. */
  readonly shown: string;
}

/**
 * The configuration: the file that is named, else the one of a directory; undefined where there is none. Directories
 * above are not looked at: relative paths start in the directory the command runs in, and so does its configuration.
 * @throws DF_CONFIG when the named file is not there, for several, and for a name that is not read
 */
export function findConfig(directory: string, named: string | undefined): FoundConfig | undefined {
  if (named !== undefined) {
    const path = resolve(directory, named);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return { path, shown: named };
    throw new DataflowError("DF_CONFIG", `There is no file ${path}. --config names a dataflow.config.ts.`);
  }
  const there = new Set(readdirSync(directory));
  const other = OTHERS.find((name) => there.has(name));
  if (other !== undefined) {
    throw new DataflowError(
      "DF_CONFIG",
      `${join(directory, other)} is not read: a configuration is TypeScript or JavaScript. Write it as ${NAMES[0]}: export default defineConfig({ … })`,
    );
  }
  const found = NAMES.filter((name) => there.has(name));
  if (found.length > 1) {
    throw new DataflowError(
      "DF_CONFIG",
      `${directory} has ${found.join(" and ")}. Delete all but one, or name one with --config.`,
    );
  }
  const [name] = found;
  return name === undefined ? undefined : { path: join(directory, name), shown: name };
}
