import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { publishedText } from "./imports.ts";
import { publishedManifest, type Manifest } from "./manifest.ts";

/** Compiled by the build, and not for users: what tests leave in the sources, and tests themselves. */
const NOT_PUBLISHED = /(?:\.test|\.testing|\.d)\.ts$|(?:^|\/)(?:README\.md$|zz-probe-)/;
/** Folders of a package beside its sources that are not for users, or stand elsewhere. */
const NOT_ALONG = new Set(["bin", "dist", "node_modules", "src"]);

/**
 * Compiles the packages of the workspace and puts together in `out` what is published: one package that has every
 * layer in a folder of its own below `dist`. A file there that no source stands behind is not taken.
 */
export function assemble(root: string, out: string): void {
  const manifests = publishedPackages(root);
  compile(
    [...manifests.keys()].map((folder) => join(root, "packages", folder)),
    root,
  );
  rmSync(out, { recursive: true, force: true });
  for (const folder of manifests.keys())
    addPackage(join(root, "packages", folder), folder, join(out, "dist"));
  cpSync(join(root, "packages/cli/bin"), join(out, "bin"), { recursive: true });
  cpSync(join(root, "packages/dataflow/README.md"), join(out, "README.md"));
  cpSync(join(root, "LICENSE"), join(out, "LICENSE"));
  writeFileSync(join(out, "package.json"), `${JSON.stringify(publishedManifest(manifests), null, 2)}\n`);
}

/** The command's package and all that it needs of the workspace: their manifests by folder. */
function publishedPackages(root: string): ReadonlyMap<string, Manifest> {
  const found = new Map<string, Manifest>();
  const open = ["cli"];
  for (const folder of open) {
    const text = readFileSync(join(root, "packages", folder, "package.json"), "utf8");
    const manifest = JSON.parse(text) as Manifest & { readonly dependencies?: Record<string, string> };
    found.set(folder, manifest);
    for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
      const needed = name.replace("@df/", "");
      if (version.startsWith("workspace:") && !open.includes(needed)) open.push(needed);
    }
  }
  return found;
}

function compile(projects: readonly string[], root: string): void {
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", ...projects], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The packages do not compile:\n${stdout}`);
}

/**
 * Adds what the build has made of the sources of one package. Other files among the sources, and the folders beside
 * them, go along as they are, so that every path from a source to a file of its package holds.
 */
export function addPackage(from: string, folder: string, dist: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!entry.isDirectory() || NOT_ALONG.has(entry.name)) continue;
    cpSync(join(from, entry.name), join(dist, folder, entry.name), { recursive: true });
  }
  const sources = readdirSync(join(from, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)))
    .filter((source) => !NOT_PUBLISHED.test(source));
  for (const source of sources) {
    if (source.endsWith(".ts")) addCompiled(from, folder, source, dist);
    else cpSync(join(from, source), join(dist, folder, source));
  }
}

function addCompiled(from: string, folder: string, source: string, dist: string): void {
  for (const ending of [".js", ".d.ts"]) {
    const file = source.replace(/\.ts$/, ending);
    const built = join(from, "dist", relative("src", file));
    if (!existsSync(built)) throw new Error(`tsc -b has not made ${built}. Remove dist and try again.`);
    const target = join(dist, folder, file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, publishedText(`${folder}/${file}`, readFileSync(built, "utf8")));
  }
}
