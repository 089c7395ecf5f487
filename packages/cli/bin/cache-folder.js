// Plain JavaScript for older Nodes.
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the command keeps what it can have again; undefined for a user without a home, as in some containers. */
export function cacheFolder() {
  try {
    return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dataflow");
  } catch {
    return undefined;
  }
}
