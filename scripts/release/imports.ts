import { posix } from "node:path";

/**
 * The text of a compiled file (.js, .d.ts) with imports that hold inside the one published package: "@df/core" and
 * "@df/core/batch/rows" become relative paths, and relative paths of declarations end in .js. `file` is its path below
 * the folder that has a folder per package.
 * @throws when a workspace package is still named afterwards
 */
export function publishedText(file: string, text: string): string {
  const from = posix.dirname(file);
  const changed = text
    .replaceAll(
      /(\bfrom |\bimport |\bimport\()"@df\/([a-z]+)(?:\/([^"]+))?"/g,
      (_, before: string, name: string, path = "index") =>
        `${before}"${relativeTo(from, `${name}/src/${path}.js`)}"`,
    )
    .replaceAll(/(\bfrom |\bimport |\bimport\()"(\.[^"]+)\.ts"/g, '$1"$2.js"')
    .replaceAll(/^\/\/# sourceMappingURL=.*\n?/gm, "");
  const left = /"@df\/[^"]*"/.exec(changed)?.[0];
  if (left !== undefined) throw new Error(`${file} still names ${left}, a package of the workspace.`);
  return changed;
}

function relativeTo(folder: string, target: string): string {
  const path = posix.relative(folder, target);
  return path.startsWith(".") ? path : `./${path}`;
}
