import { registerHooks } from "node:module";
import { DataflowError } from "@df/core";
import { MODULES } from "./own-package.ts";

/**
 * Lets a pipeline file be TypeScript in any folder: its .ts files are read as modules, also where package.json says
 * "type": "commonjs" (`npm init -y` writes that), and `dataflow` is this command's own copy where the folder has none.
 */
export function readPipelines(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (!isOwn(specifier)) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (thrown) {
        const { code } = thrown as { code?: string };
        // The folder has this package, and the package has no such module.
        if (code === "ERR_PACKAGE_PATH_NOT_EXPORTED") throw noModule(specifier, context.parentURL, thrown);
        if (code !== "ERR_MODULE_NOT_FOUND") throw thrown;
        return resolveOwn(specifier, context.parentURL, (parentURL) =>
          next(specifier, { ...context, parentURL }),
        );
      }
    },
    load: (url, context, next) => {
      const own = url.startsWith("file:") && url.endsWith(".ts") && !url.includes("/node_modules/");
      return next(url, own ? { ...context, format: "module-typescript" } : context);
    },
  });
}

/** @throws DF_NO_MODULE for a module that this package does not have */
function resolveOwn<Resolved>(
  specifier: string,
  importer: string | undefined,
  resolve: (parentURL: string) => Resolved,
): Resolved {
  try {
    return resolve(import.meta.url);
  } catch (cause) {
    throw noModule(specifier, importer, cause);
  }
}

function noModule(specifier: string, importer: string | undefined, cause: unknown): DataflowError {
  return new DataflowError(
    "DF_NO_MODULE",
    `There is no module "${specifier}", which ${importer ?? "the pipeline"} imports. There are: ${MODULES.join(", ")}.`,
    { cause },
  );
}

function isOwn(specifier: string): boolean {
  return specifier === "dataflow" || specifier.startsWith("dataflow/");
}
