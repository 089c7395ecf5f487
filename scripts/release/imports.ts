import { posix } from "node:path";

/** What stands before the quoted name of a module: at the beginning of a line, or in an import within the code. */
const BEFORE = String.raw`(^(?:import|export|\})(?: .*?)? from |^import |\bimport\()`;
const OURS = new RegExp(String.raw`${BEFORE}"(?:@df/([a-z]+)|(dataflow))(?:/([^"]+))?"`, "gm");
const SOURCE = new RegExp(String.raw`${BEFORE}"(\.[^"]+)\.ts"`, "gm");

/**
 * The text of a compiled file (.js, .d.ts) with imports that hold inside the one published package: "@df/core",
 * "@df/core/batch/rows" and "dataflow/csv" become relative paths, and relative paths of declarations end in .js. `file`
 * is its path below the folder that has a folder per package.
 * @throws when a package of the workspace is still named afterwards
 */
export function publishedText(file: string, text: string): string {
  const from = posix.dirname(file);
  const changed = text
    .replaceAll(OURS, (_, before: string, scoped: string | undefined, plain: string, path = "index") => {
      const target = posix.relative(from, `${scoped ?? plain}/src/${path}.js`);
      return `${before}"${target.startsWith(".") ? target : `./${target}`}"`;
    })
    .replaceAll(SOURCE, '$1"$2.js"')
    .replaceAll(/^\/\/# sourceMappingURL=.*\n?/gm, "");
  const left = /"@df\/[^"]*"/.exec(changed)?.[0];
  if (left !== undefined) throw new Error(`${file} still names ${left}, a package of the workspace.`);
  return changed;
}
