import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../command.ts";
import { fencesOf } from "./markdown.ts";

/** The files that CONTRIBUTING.md has the reader write, by name. */
const written = fencesOf("CONTRIBUTING.md").flatMap(({ language, text }) => {
  const [first = "", ...rest] = text.split("\n");
  const path = /^\/\/ (packages\/\S+)$/.exec(first)?.[1];
  return language !== "ts" || path === undefined ? [] : [{ name: basename(path), text: rest.join("\n") }];
});
// In the source tree, since that is where an operator's imports lead somewhere.
const folder = mkdtempSync(join(root, "packages/operators/src/zz-probe-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const { name, text } of written) writeFileSync(join(folder, name), text);

function node(...given: readonly string[]): { readonly status: number | null; readonly output: string } {
  const ended = spawnSync(process.execPath, given, { cwd: root, encoding: "utf8" });
  return { status: ended.status, output: `${ended.stdout}${ended.stderr}` };
}

test("the operator of CONTRIBUTING.md passes its test", () => {
  expect(written.map(({ name }) => name)).toEqual(["between.ts", "between.test.ts"]);
  const { status, output } = node("node_modules/vitest/vitest.mjs", "run", folder);
  expect([status, output]).toEqual([0, expect.stringMatching(/Tests .*2 passed/)]);
});

test("the operator of CONTRIBUTING.md passes the linter, the formatter and the compiler", () => {
  const config = join(folder, "tsconfig.json");
  const compilerOptions = {
    composite: false,
    incremental: false,
    declarationMap: false,
    isolatedDeclarations: false,
    tsBuildInfoFile: null,
    noEmit: true,
    rootDir: root,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
  };
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions,
      include: ["."],
      exclude: [],
    }),
  );
  expect(node("node_modules/typescript/bin/tsc", "-p", config)).toEqual({ status: 0, output: "" });
  const files = written.map(({ name }) => join(folder, name));
  expect(node("node_modules/oxfmt/bin/oxfmt", "--check", ...files)).toMatchObject({ status: 0 });
  expect(node("node_modules/oxlint/bin/oxlint", "--deny-warnings", ...files)).toMatchObject({ status: 0 });
});
