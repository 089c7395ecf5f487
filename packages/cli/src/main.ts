import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { EXIT, exitCodeOf, explain } from "./exit.ts";
import { runCommand, type RunFlags } from "./run-command.ts";
import { statusCommand, type StatusFlags } from "./status-command.ts";

const stateDir = (): Option =>
  new Option("--state-dir <directory>", "where state lies, one folder per pipeline").default(".dataflow");

const program = new Command("dataflow")
  .description("Event-time stream processing into lakehouse tables, exactly once, on one machine.")
  .version(version())
  .exitOverride((stop) => {
    process.exit(stop.exitCode === 0 ? EXIT.ok : EXIT.usage);
  });

program
  .command("run")
  .description("run the pipelines of a file, from their last checkpoint on")
  .argument(
    "<file>",
    "a TypeScript or JavaScript file whose default export is a pipeline, or an array of them",
  )
  .addOption(stateDir())
  .option("--parallelism <shards>", "shards of keyed work, 1 to 128", shards, 1)
  .addOption(
    new Option("--drain", "close all windows when the input ends; the state is then finished").conflicts(
      "follow",
    ),
  )
  .option("--follow", "keep reading files that grow and appear")
  .option("--param <name=value>", "a parameter of the pipeline; may be repeated", param, {})
  .option("--json", "print the report as one line of JSON")
  .action((file: string, flags: RunFlags) => end(runCommand(file, flags)));

program
  .command("status")
  .description("what pipelines are doing, or where they have stopped")
  .addOption(stateDir())
  .option("--json", "print one line of JSON per pipeline")
  .action((flags: StatusFlags) => end(statusCommand(flags)));

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  endUnread();
});

await program.parseAsync();

/** Ends the process with the command's code: nothing that is still open may keep it alive. */
async function end(command: Promise<number>): Promise<void> {
  try {
    process.exitCode = await command;
  } catch (thrown) {
    process.stderr.write(`${explain(thrown)}\n`);
    process.exitCode = exitCodeOf(thrown);
  }
  process.stdout.write("", (lost) => (lost ? endUnread() : process.exit()));
}

/** Whoever read our output has gone ("dataflow status | head"): ends as SIGPIPE would, unless more is to be told. */
function endUnread(): never {
  const { exitCode = EXIT.ok } = process;
  process.exit(exitCode === EXIT.ok ? EXIT.unread : exitCode);
}

function shards(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 128)
    throw new InvalidArgumentError("It is a number from 1 to 128.");
  return value;
}

function param(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write name=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
