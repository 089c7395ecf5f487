import { DataflowError } from "../error.ts";

/** The Node-API that our SQLite is built for. A Node that has an older one does not refuse to load it: it crashes. */
const NODE_API = 10;

/**
 * Checks that this Node can open a state, for programs that import us: the command has looked for itself.
 * @throws DF_NODE
 */
export function checkNode(versions: Readonly<Record<string, string | undefined>>): void {
  if (Number(versions["napi"]) >= NODE_API) return;
  throw new DataflowError(
    "DF_NODE",
    `dataflow needs Node 22.18 or newer; this program runs in ${versions["node"]}. Install Node 24, or run the pipeline with "npx dataflow run", which brings a Node along.`,
  );
}
