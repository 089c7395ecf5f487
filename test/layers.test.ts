import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const probes: string[] = [];
afterEach(() => {
  for (const folder of probes.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Lints one line in a package, in a folder of its own, and says what the linter says. */
function lintImport(
  where: string,
  specifier: string,
): { readonly status: number | null; readonly output: string } {
  const folder = mkdtempSync(`${root}packages/${where}/src/zz-probe-`);
  probes.push(folder);
  writeFileSync(
    `${folder}/probe.ts`,
    `import * as wrong from "${specifier}";\n\nexport const probe: unknown = wrong;\n`,
  );
  const linted = spawnSync(`${root}node_modules/.bin/oxlint`, [`${folder}/probe.ts`], {
    cwd: root,
    encoding: "utf8",
  });
  return { status: linted.status, output: linted.stdout };
}

test.each([
  ["core", "@df/operators"],
  ["core", "@df/formats/json/json"],
  ["core", "dataflow"],
  ["core", "../../../operators/src/index.ts"],
  ["operators", "@df/connectors"],
  ["operators", "@df/formats"],
  ["formats", "@df/operators/window/window"],
  ["connectors", "@df/operators"],
  ["connectors", "dataflow"],
  ["testing", "@df/operators"],
])("%s may not import %s", (where, specifier) => {
  const { status, output } = lintImport(where, specifier);
  expect(output).toContain("no-restricted-imports");
  expect(status).toBe(1);
});

test.each([
  ["operators", "@df/core"],
  ["connectors", "@df/formats/parquet/encoder"],
])("%s may import %s", (where, specifier) => {
  expect(lintImport(where, specifier).output).not.toContain("no-restricted-imports");
});

/** The code of a package, and not what lies below it from elsewhere. */
function codeOf(folder: string): string {
  const files = globSync(`{src,bin}/**/*.{ts,js}`, { cwd: folder });
  return files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
}

test("each package imports all that it depends on: what another one uses is not listed here", () => {
  const packages = globSync("packages/*/package.json", { cwd: root });
  expect(packages.length).toBeGreaterThan(5);
  const unused = packages.flatMap((file) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, file), "utf8")) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    const code = codeOf(join(root, dirname(file)));
    const isImported = (name: string): boolean => code.includes(`"${name}"`) || code.includes(`"${name}/`);
    return Object.keys(dependencies).flatMap((name) => (isImported(name) ? [] : [`${file}: ${name}`]));
  });
  expect(unused).toEqual([]);
});
