import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { fencesOf, read, withoutEpochs } from "./markdown.ts";

const example = "examples/01-earthquakes/pipeline.ts";
const [output, ...others] = fencesOf("README.md").filter(({ language }) => language === "text");

/** A report without content hashes, and without what depends on the machine's pace: epochs and intermediate updates. */
function comparable(report: string): string {
  return withoutEpochs(report)
    .replaceAll(/\b[0-9a-f]{32}\b/g, "(content hash)")
    .replace(/^( {2}per-hour .*) [\d,]+$/m, "$1 (updates)")
    .replace(/^( {2}gold) +[\d,]+ +[\d,]+ /m, "$1 (updates) (updates) ");
}

test("the README shows what its first command prints", () => {
  const { code, stdout, stderr } = dataflow(newFolder("readme"), ["run", join(root, example)]);
  expect([code, stderr, others]).toEqual([0, "", []]);
  expect(comparable(output?.text ?? "")).toBe(comparable(stdout));
});

test("the README shows the pipeline of its first command", () => {
  expect(fencesOf("README.md").find(({ language }) => language === "ts")?.text).toBe(read(example));
});

test("the README's commands are those of the workspace, with the example that is there", () => {
  const commands = fencesOf("README.md").filter(({ language }) => language === "sh");
  expect(commands.map(({ text }) => text)).toEqual([
    `npx -y pnpm@12.21.0 dataflow run ${example}\nnpx -y pnpm@12.21.0 test\n`,
  ]);
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Record<string, string> };
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["dataflow", "test"]));
});
