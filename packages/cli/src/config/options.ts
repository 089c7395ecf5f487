import { type Command, InvalidArgumentError, Option } from "commander";
import { SETTINGS, type SettingName } from "./settings.ts";

/** What the options of settings say in --help, and the name of what they take. */
const HELP: Readonly<Record<SettingName, { readonly takes?: string; readonly says: string }>> = {
  stateDir: { takes: "directory", says: "where state lies, one folder per pipeline (default: .dataflow)" },
  parallelism: {
    takes: "shards",
    says: "shards of all work, 1 to 128, on as many threads as there are cores (default: 1)",
  },
  decodeThreads: {
    takes: "threads",
    says: "threads that read and decode files, 0 to 64 (default: 0, the main thread does)",
  },
  stateBudget: {
    takes: "size",
    says: 'memory for state: bytes, "512MiB" or "20%" (default: 20%); more lies on disk',
  },
  follow: { says: "keep reading files that grow and appear" },
  drain: { says: "close all windows when the input ends; the state is then finished" },
  unsafeStateFs: {
    says: "keep state on a network or memory file system too, where it can be damaged or lost",
  },
  restart: { says: "start again, after a pause, what fails for a reason that may pass" },
  json: { says: "print results as JSON, one line each" },
};

/** Adds the options of some settings to a command, and those that choose a configuration. */
export function addSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { flag } = SETTINGS[name];
    const { takes, says } = HELP[name];
    command.addOption(new Option(takes === undefined ? flag : `${flag} <${takes}>`, says));
    if (takes === undefined) command.addOption(new Option(flag.replace("--", "--no-")).hideHelp());
  }
  return command
    .option("--profile <name>", "the profile of the configuration (or DATAFLOW_PROFILE)")
    .option("--config <file>", "the configuration (default: dataflow.config.ts in this directory)");
}

/** Adds the option of parameters. */
export function addParams(command: Command): Command {
  return command.option("--param <name=value>", "a parameter of the pipeline; may be repeated", param);
}

function param(text: string, before?: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write name=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
