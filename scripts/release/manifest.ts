/** The manifest of the published package, derived from those of the workspace, so that nothing is listed twice. */

/** What is used of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

type Field = "dependencies" | "optionalDependencies" | "peerDependencies" | "peerDependenciesMeta";

/** Where a file of a package's sources lies in the published package, compiled. */
export function compiledPath(folder: string, file: string): string {
  return file.replace(/^\.\/src\//, `./dist/${folder}/src/`).replace(/\.ts$/, ".js");
}

/**
 * The published manifest. `packages` are the manifests by folder: "dataflow" gives name, version and modules, "cli" the
 * command, and all of them the dependencies.
 * @throws when two packages ask for different versions of one dependency
 */
export function publishedManifest(packages: ReadonlyMap<string, Manifest>): Manifest {
  const { private: _private, devDependencies: _development, ...dataflow } = manifestOf(packages, "dataflow");
  const cli = manifestOf(packages, "cli");
  return {
    ...dataflow,
    bin: cli["bin"],
    exports: compiled("dataflow", dataflow.exports),
    imports: compiled("cli", cli.imports),
    ...merged(packages, ["dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"]),
    config: cli["config"],
  };
}

function manifestOf(packages: ReadonlyMap<string, Manifest>, folder: string): Manifest {
  const manifest = packages.get(folder);
  if (manifest === undefined) throw new Error(`There is no packages/${folder}/package.json.`);
  return manifest;
}

function compiled(folder: string, paths: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(paths).map(([name, file]) => [name, compiledPath(folder, file)]));
}

/** What all packages ask for, without each other; fields that nobody has are left out. */
function merged(
  packages: ReadonlyMap<string, Manifest>,
  fields: readonly Field[],
): Partial<Record<Field, unknown>> {
  const found = fields.map((field) => [field, mergedField(packages, field)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

function mergedField(
  packages: ReadonlyMap<string, Manifest>,
  field: Field,
): Record<string, unknown> | undefined {
  const wanted = new Map<string, unknown>();
  for (const [folder, manifest] of packages) {
    for (const [name, value] of Object.entries((manifest[field] ?? {}) as Record<string, unknown>)) {
      if (String(value).startsWith("workspace:")) continue;
      const before = wanted.get(name) ?? value;
      if (JSON.stringify(before) !== JSON.stringify(value)) {
        throw new Error(
          `packages/${folder} has ${name} ${JSON.stringify(value)} among its ${field}, another package ${JSON.stringify(before)}. Make them one.`,
        );
      }
      wanted.set(name, value);
    }
  }
  const names = [...wanted.keys()].toSorted();
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, wanted.get(name)]));
}
