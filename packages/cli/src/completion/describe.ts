import type { Argument, Command, Option } from "commander";

/** What may stand for a value, as far as a shell can help. */
export type Value =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "directory" }
  | { readonly kind: "file" }
  /** A file of TypeScript or JavaScript. */
  | { readonly kind: "pipeline" }
  /** Nothing is known of it but its name. */
  | { readonly kind: "any"; readonly name: string };

/** An option of a command. */
export interface DescribedOption {
  /** As it is written: "--json", "-h". */
  readonly names: readonly string[];
  readonly description: string;
  /** Absent where it takes none. */
  readonly value: Value | undefined;
}

/** A command, or the program itself with its own options. */
export interface Described {
  readonly name: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  /** One per argument. */
  readonly values: readonly Value[];
}

/** A program as its completion knows it: read off the program itself, so that both always agree. */
export interface DescribedProgram extends Described {
  readonly commands: readonly Described[];
}

/** Endings of files that a pipeline may be in. */
export const PIPELINE_ENDINGS = ["ts", "mts", "js", "mjs"] as const;

/** Reads a program of commander, whose commands have none below them. */
export function describe(program: Command): DescribedProgram {
  const commands = program.createHelp().visibleCommands(program);
  const described = commands.map(describeOne);
  const words = described.map(({ name }) => name);
  return {
    ...describeOne(program),
    commands: described.map((command) =>
      command.name === "help" ? { ...command, values: [{ kind: "words", words }] } : command,
    ),
  };
}

function describeOne(command: Command): Described {
  const options = command.createHelp().visibleOptions(command);
  return {
    name: command.name(),
    description: command.description(),
    options: options.map((option) => ({
      names: [option.long, option.short].filter((name) => typeof name === "string"),
      description: option.description,
      value: option.required || option.optional ? valueOf(nameIn(option), option) : undefined,
    })),
    values: command.registeredArguments.map((argument) =>
      valueOf(argument.name(), argument, PIPELINE_ARGUMENTS.has(argument.name())),
    ),
  };
}

/** What arguments are called that name a pipeline. */
const PIPELINE_ARGUMENTS = new Set(["file"]);

function nameIn({ flags }: Option): string {
  return /[<[]([^\]>.]+)/.exec(flags)?.[1] ?? "";
}

function valueOf(name: string, { argChoices }: Option | Argument, isPipeline = false): Value {
  if (argChoices !== undefined) return { kind: "words", words: argChoices };
  if (name === "directory" || name === "folder") return { kind: "directory" };
  if (isPipeline) return { kind: "pipeline" };
  return name === "file" ? { kind: "file" } : { kind: "any", name };
}
