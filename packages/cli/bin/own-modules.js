// Finds the modules of this command without a look at the disk: theirs are paths that hold as they stand. Node asks for
// each import where its file is, through which links, and which package.json says how to read it: for some 350 files
// that was a good part of a start.
import { registerHooks } from "node:module";

/** The folder that has a folder for each package, in the repository and in the published package alike. */
const OWN = new URL("../../", import.meta.resolve("#main")).href;
const FORMATS = { ts: "module-typescript", js: "module" };
/** What the names of packages have come to: a name means the same everywhere in `OWN`. */
const named = new Map();

registerHooks({
  resolve: (specifier, context, next) => {
    if (context.parentURL?.startsWith(OWN) !== true) return next(specifier, context);
    const ending = /^\.{1,2}\/.*\.([jt]s)$/.exec(specifier)?.[1];
    if (ending !== undefined)
      return {
        url: new URL(specifier, context.parentURL).href,
        format: FORMATS[ending],
        shortCircuit: true,
      };
    if (specifier.startsWith(".") || specifier.startsWith("#")) return next(specifier, context);
    const known = named.get(specifier) ?? { ...next(specifier, context), shortCircuit: true };
    named.set(specifier, known);
    return known;
  },
});
