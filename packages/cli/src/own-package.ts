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

/** What is exported for the command alone. */
const OWN: ReadonlySet<string> = new Set(["./control-socket", "./package.json"]);

/** What a pipeline file may import of it: "dataflow", "dataflow/csv", … */
export const MODULES: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => !OWN.has(path))
  .map((path) => path.replace(".", "dataflow"));
