import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { SETTINGS } from "../../packages/cli/src/config/settings.ts";
import { fencesOf, proseOf } from "./markdown.ts";

const fences = fencesOf("docs/configuration.md");
const folder = newFolder("configuration");
for (const { language, text } of fences) {
  const [first = ""] = text.split("\n");
  if (language === "ts") writeFileSync(join(folder, first.replace("// ", "")), text);
}
writeFileSync(join(folder, "salt"), "battery-staple\n", { mode: 0o600 });
writeFileSync(join(folder, "orders.jsonl"), fences.find(({ language }) => language === "jsonl")?.text ?? "");

/** Runs a line of the page: variables, then the command. */
function runLine(line: string): ReturnType<typeof dataflow> {
  const words = line.trim().split(" ");
  const at = words.indexOf("dataflow");
  const env = Object.fromEntries(words.slice(0, at).map((word) => word.split("=") as [string, string]));
  // Set where temporary files lie in memory; an empty one counts as not set.
  const unset = words[at + 1] === "config" ? { DATAFLOW_UNSAFE_STATE_FS: "" } : {};
  return dataflow(folder, words.slice(at + 1), { ...unset, ...env });
}

function rows(): string {
  const names = readdirSync(join(folder, "out/eu")).filter((name) => name.startsWith("data-"));
  return names.map((name) => readFileSync(join(folder, "out/eu", name), "utf8")).join("");
}

const commands = fences.flatMap(({ language, text }, index) =>
  language === "sh" ? [{ command: text.trim(), shown: fences[index + 1] }] : [],
);

test.each(commands)("$command does what the page of configuration shows", ({ command, shown }) => {
  const { code, stdout, stderr } = runLine(command);
  const output = command.includes(" config ") ? stdout : stderr;
  const [said, there] =
    shown?.language === "jsonl" ? [`${stderr}${rows()}`, shown.text] : [output, shown?.text];
  expect([code, said]).toEqual([0, there]);
});

test("the files on the page of configuration compile", () => {
  const config = join(folder, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ extends: join(root, "packages/cli/pipeline.tsconfig.json") }));
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", folder],
    { encoding: "utf8" },
  );
  rmSync(config);
  expect([status, stdout]).toEqual([0, ""]);
});

test("the page of configuration has each setting with its option, variable and default", () => {
  const lines = proseOf("docs/configuration.md").split("\n");
  for (const [name, { flag, variable, default: value }] of Object.entries(SETTINGS)) {
    const cells = lines.find((line) => line.startsWith(`| \`${name}\``))?.split("|") ?? [];
    const shown = cells.slice(2, 5).map((cell) => cell.trim().replaceAll("`", ""));
    expect(shown).toEqual([flag, variable, String(value)]);
  }
});
