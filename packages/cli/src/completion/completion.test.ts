import { Argument, Command, Option } from "commander";
import { expect, test } from "vitest";
import { completionScript } from "./completion-command.ts";
import { describe as described } from "./describe.ts";

/** A program with each kind of value, and with text that shells would take for something else. */
function program(): Command {
  const it = new Command("tool").description("a tool");
  it.command("run")
    .description("run what's there: all of it")
    .argument("<file>", "a pipeline")
    .option("-s, --state-dir <directory>", "where state lies [here]")
    .option("--config <file>", "a file")
    .option("--param <name=value>", "a parameter", [])
    .addOption(new Option("--secret <text>", "not for all").hideHelp())
    .option("--json", "as JSON");
  it.command("make").addArgument(new Argument("<kind>", "what").choices(["small", "large"]));
  it.command("open").argument("[folder]", "where");
  return it;
}

test("commands, options and what their values may be are read off the program; what is hidden stays so", () => {
  const { commands } = described(program());
  expect(commands.map(({ name }) => name)).toEqual(["run", "make", "open", "help"]);
  const [run, make, open, help] = commands;
  expect(run?.options.map(({ names, value }) => [names.join(" "), value?.kind])).toEqual([
    ["--state-dir -s", "directory"],
    ["--config", "file"],
    ["--param", "any"],
    ["--json", undefined],
    ["--help -h", undefined],
  ]);
  expect([run, make, open, help].map((command) => command?.values)).toEqual([
    [{ kind: "pipeline" }],
    [{ kind: "words", words: ["small", "large"] }],
    [{ kind: "directory" }],
    [{ kind: "words", words: ["run", "make", "open", "help"] }],
  ]);
});

test("text that means something to a shell is written so that it does not", () => {
  expect(completionScript(program(), "zsh")).toContain(String.raw`'run:run what'\''s there: all of it'`);
  expect(completionScript(program(), "zsh")).toContain(
    String.raw`[where state lies \[here\]]:directory:_files -/'`,
  );
  expect(completionScript(program(), "fish")).toContain(
    String.raw`-a 'run' -d 'run what\'s there: all of it'`,
  );
});
