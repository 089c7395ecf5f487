// Starts the command in a Node that will do. What was compiled, and stripped of its types, at one start is kept for the
// next ones, which then take a third of the time. NODE_COMPILE_CACHE names another place, and
// NODE_DISABLE_COMPILE_CACHE=1 keeps nothing; where nothing can be written, nothing is kept.
import module from "node:module";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.js";

const cache = cacheFolder();
if (cache !== undefined) module.enableCompileCache(join(cache, "compiled"));
await import("#main");
