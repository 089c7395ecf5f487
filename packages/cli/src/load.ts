import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DataflowError } from "@df/core";
import type { PipelineDefinition } from "dataflow";
import { readPipelines } from "./resolve.ts";
import { told } from "./stack.ts";

/**
 * The pipelines of a file: its default export, one or an array.
 * @throws DF_NO_FILE, DF_NO_PIPELINE, DF_NO_MODULE, DF_SYNTAX
 */
export async function loadPipelines(file: string): Promise<readonly PipelineDefinition[]> {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new DataflowError(
      "DF_NO_FILE",
      `There is no file ${path}. Give the path of a pipeline: dataflow run pipeline.ts`,
    );
  }
  const exported = await loadDefault(path);
  const found: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (found.length === 0 || !found.every(isPipeline)) {
    throw new DataflowError(
      "DF_NO_PIPELINE",
      `${path} has no pipeline as its default export. Write: export default pipeline("name", (p) => { … })`,
    );
  }
  const names = found.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new DataflowError(
      "DF_NO_PIPELINE",
      `${path} has two pipelines called "${twice}"; each keeps its state by its name.`,
    );
  }
  return found;
}

let isReading = false;

/**
 * The default export of a pipeline or a configuration.
 * @throws DF_NO_MODULE, DF_SYNTAX, and what the file throws
 */
export async function loadDefault(path: string): Promise<unknown> {
  if (!isReading) readPipelines();
  isReading = true;
  return (await imported(path)).default;
}

/** The file as a module; what Node says of missing modules and of syntax is told without its stack. */
async function imported(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown instanceof DataflowError) throw thrown;
    const code = "code" in thrown ? thrown.code : undefined;
    if (code === "ERR_MODULE_NOT_FOUND") {
      throw new DataflowError(
        "DF_NO_MODULE",
        `${thrown.message}. Install the package beside the pipeline, or mend the import; paths need their ending (./orders.ts).`,
        { cause: thrown },
      );
    }
    const { message, places } = told(thrown);
    // JSON.parse in the pipeline file throws a SyntaxError too, but from a place in that file.
    if (!(thrown instanceof SyntaxError) || places.length > 0) throw thrown;
    const wayOn =
      code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
        ? "Types are removed, not compiled: write it as plain JavaScript."
        : "Mend the file.";
    const where = message.includes("file:") ? "" : `In ${path}, or in a file that it imports: `;
    throw new DataflowError("DF_SYNTAX", `${where}${message}. ${wayOn}`, { cause: thrown });
  }
}

function isPipeline(value: unknown): value is PipelineDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "pipeline";
}
