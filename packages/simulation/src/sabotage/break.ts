// Nothing of the engine may be loaded before it is broken.
import assert from "node:assert";
import { createHash } from "node:crypto";
import { registerHooks } from "node:module";
import type { Variant } from "./variant.ts";

/**
 * From now on modules are loaded with the changes of a variant. Those that it changes get addresses of their own, which
 * tell what is changed: what Node keeps of compiled code is never taken for that of a whole one, nor the other way.
 * @throws AssertionError for words that are not there once
 */
export function breakModules({ edits }: Variant): void {
  const editsOf = (url: string) =>
    edits.filter(({ file }) => (url.split("?")[0] ?? "").endsWith(`/packages/${file}`));
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      const own = editsOf(resolved.url);
      if (own.length === 0) return resolved;
      const sum = createHash("sha256").update(JSON.stringify(own)).digest("hex");
      return { ...resolved, url: `${resolved.url}?broken=${sum.slice(0, 16)}` };
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const own = editsOf(url);
      if (own.length === 0) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const { file, find, replace } of own) {
        const places = source.split(find).length - 1;
        assert(places === 1, `${file} has these words ${places} times: ${find}`);
        source = source.replace(find, () => replace);
      }
      return { ...loaded, source };
    },
  });
}
