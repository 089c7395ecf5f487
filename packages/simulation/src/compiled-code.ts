import { fileURLToPath } from "node:url";

/**
 * From now on threads and processes that are started take what Node has compiled of a module from a folder of the
 * workspace: to load the engine then takes a third of the time. `NODE_COMPILE_CACHE` names another folder.
 */
export function keepCompiledCode(): void {
  process.env["NODE_COMPILE_CACHE"] ||= fileURLToPath(new URL("../../../.cache/compiled", import.meta.url));
}
