import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Edit } from "./variant.ts";

const SHOWN: Edit = {
  file: "core/src/shown.ts",
  find: "  if ((shown?.hash ?? null) === follows) return false;",
  replace: "  if (follows !== undefined) return false;",
};

/** The addresses of the modules that a process loads for one of them, with edits. */
function loaded(edits: readonly Edit[]): readonly string[] {
  const script = `
    import { registerHooks } from "node:module";
    import { breakModules } from "./break.ts";
    const urls = [];
    registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
    breakModules({ name: "", edits: ${JSON.stringify(edits)} });
    await import("../../../core/src/shown.ts");
    console.log(JSON.stringify(urls));`;
  const given = ["--input-type=module", "--eval", script];
  const { stdout, stderr } = spawnSync(process.execPath, given, {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return (JSON.parse(stdout) as string[]).filter((url) => url.includes("/core/src/"));
}

test("a module that is broken has another address for each change, so no code that is kept of it is that of the whole one", () => {
  const [whole, broken, otherwise] = [[], [SHOWN], [{ ...SHOWN, replace: "" }]].map(loaded);
  expect(whole?.filter((url) => url.endsWith("/core/src/shown.ts"))).toHaveLength(1);
  expect(broken?.filter((url) => /\/core\/src\/shown\.ts\?broken=[0-9a-f]{16}$/.test(url))).toHaveLength(1);
  for (const urls of [broken, otherwise])
    expect(urls?.filter((url) => whole?.includes(url))).toEqual(whole?.slice(1));
  expect(otherwise?.[0]).not.toBe(broken?.[0]);
});
