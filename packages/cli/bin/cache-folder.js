// Plain JavaScript for older Nodes.
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the command keeps what it can have again. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dataflow");
}
