import { registerHooks } from "node:module";

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
        if ((thrown as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw thrown;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
    load: (url, context, next) => {
      const own = url.startsWith("file:") && url.endsWith(".ts") && !url.includes("/node_modules/");
      return next(url, own ? { ...context, format: "module-typescript" } : context);
    },
  });
}

function isOwn(specifier: string): boolean {
  return specifier === "dataflow" || specifier.startsWith("dataflow/");
}
