import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(
  readFileSync(fileURLToPath(import.meta.resolve("dataflow/package.json")), "utf8"),
) as Manifest;

/** The version of the package that users install. */
export const VERSION: string = manifest.version;

/** What a pipeline file may import of it: "dataflow", "dataflow/csv", … */
export const MODULES: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => path.replace(".", "dataflow"));
