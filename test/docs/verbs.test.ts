import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { fencesOf } from "./markdown.ts";

/** An example of the page: code that names a stream, or writes the file of orders, and the rows that it shows. */
interface Example {
  readonly stream: string | undefined;
  readonly name: string;
  readonly code: string;
  readonly rows: string;
}

const [clicks, orders, payments, sources, ...others] = fencesOf("docs/verbs.md");
const examples = others.flatMap(({ language, text }, index): Example[] => {
  if (language !== "ts") return [];
  const stream = /^const (\w+) =/m.exec(text)?.[1];
  const next = others[index + 1];
  const rows = next === undefined || next.language === "ts" ? "" : next.text;
  return [{ stream, name: stream ?? "the file of orders", code: text, rows }];
});
const folder = newFolder("verbs");
/** Where the rows of an example are: those of a stream in a directory that the page does not speak of. */
const outOf = ({ stream }: Example): string => (stream === undefined ? "out/orders" : `out/shown/${stream}`);

/** The whole page as one pipeline: imports first, then the examples in order, each with a sink if it has none. */
function composed(): string {
  const imports = examples.flatMap(({ code }) => code.match(/^import .*$/gm) ?? []);
  const steps = examples.map((example) => {
    const code = example.code.replaceAll(/^import .*$/gm, "");
    const to = `filesSink({ path: "./${outOf(example)}", format: jsonLines() })`;
    return example.stream === undefined
      ? code
      : `${code}${example.stream}.to("${example.name}-shown", ${to});`;
  });
  return [...imports, sources?.text, ...steps, "});\n"].join("\n");
}

/** The lines that the files of a directory hold, sorted. */
function shown(directory: string): string[] {
  const names = readdirSync(join(folder, directory)).filter((name) => name.startsWith("data-"));
  return names.flatMap((name) => linesOf(readFileSync(join(folder, directory, name), "utf8"))).toSorted();
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

writeFileSync(join(folder, "clicks.csv"), clicks?.text ?? "");
writeFileSync(join(folder, "orders.jsonl"), orders?.text ?? "");
writeFileSync(join(folder, "payments.jsonl"), payments?.text ?? "");
writeFileSync(join(folder, "pipeline.ts"), composed());
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({ extends: join(root, "packages/cli/pipeline.tsconfig.json") }),
);
// As if it had been installed beside the pipeline.
mkdirSync(join(folder, "node_modules"));
symlinkSync(join(root, "node_modules/zod"), join(folder, "node_modules/zod"), "dir");
const run = dataflow(folder, ["run", "pipeline.ts"]);

test("the page of verbs runs as one pipeline", () => {
  expect(run).toMatchObject({ code: 0, stderr: "" });
});

test("the page of verbs compiles as one pipeline", () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", folder],
    { encoding: "utf8" },
  );
  expect([status, stdout]).toEqual([0, ""]);
});

test.each(examples)("the page of verbs shows what $name gives", (example) => {
  expect(shown(outOf(example))).toEqual(linesOf(example.rows).toSorted());
});
