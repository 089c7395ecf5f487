// Starts the command in a Node that will do. What was compiled, and stripped of its types, at one start is kept for the
// next ones, which then take a third of the time. NODE_COMPILE_CACHE names another place, and
// NODE_DISABLE_COMPILE_CACHE=1 keeps nothing; where nothing can be written, nothing is kept.
import "./mark-late.js";
import module from "node:module";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.js";

const cache = cacheFolder();
if (cache !== undefined) {
  const folder = join(cache, "compiled");
  const { status } = module.enableCompileCache(folder);
  // Threads do not have the cache of the process: they look for their own, here.
  if (status === module.constants.compileCacheStatus.ENABLED) process.env.NODE_COMPILE_CACHE = folder;
}
await import("./own-modules.js");
await import("#main");
