import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DataflowError } from "@df/core";
import type { PipelineDefinition } from "dataflow";
import { readPipelines } from "./resolve.ts";

/**
 * The pipelines of a file: its default export, one or an array.
 * @throws DF_NO_FILE, DF_NO_PIPELINE
 */
export async function loadPipelines(file: string): Promise<readonly PipelineDefinition[]> {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new DataflowError(
      "DF_NO_FILE",
      `There is no file ${path}. Give the path of a pipeline: dataflow run pipeline.ts`,
    );
  }
  const url = pathToFileURL(path).href;
  readPipelines();
  const loaded: { readonly default?: unknown } = await import(url);
  const found: readonly unknown[] = Array.isArray(loaded.default) ? loaded.default : [loaded.default];
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

function isPipeline(value: unknown): value is PipelineDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "pipeline";
}
