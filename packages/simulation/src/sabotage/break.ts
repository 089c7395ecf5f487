// Nothing of the engine may be loaded before it is broken.
import assert from "node:assert";
import { registerHooks } from "node:module";
import type { Variant } from "./variant.ts";

/**
 * From now on modules are loaded with the changes of a variant.
 * @throws AssertionError for words that are not there once
 */
export function breakModules({ edits }: Variant): void {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      const own = edits.filter(({ file }) => url.endsWith(`/packages/${file}`));
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
