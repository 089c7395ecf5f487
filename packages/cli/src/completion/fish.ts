import {
  PIPELINE_ENDINGS,
  type Described,
  type DescribedOption,
  type DescribedProgram,
  type Value,
} from "./describe.ts";

/** The completion for fish. */
export function fishCompletion(program: DescribedProgram): string {
  const { name, commands } = program;
  const complete = (...words: readonly string[]): string => `complete -c ${name} ${words.join(" ")}`;
  const first = "-n __fish_use_subcommand";
  const lines = [
    `# Completion of ${name} for fish: ${name} completion fish > ~/.config/fish/completions/${name}.fish`,
    complete("-f"),
    ...program.options.map((option) => complete(first, ...wordsOf(option))),
    ...commands.map(({ name: command, description }) =>
      complete(first, "-a", quoted(command), "-d", quoted(description)),
    ),
    ...commands.flatMap((command) => linesOf(command).map((words) => complete(...words))),
  ];
  return `${lines.join("\n")}\n`;
}

function linesOf(command: Described): string[][] {
  const here = ["-n", quoted(`__fish_seen_subcommand_from ${command.name}`)];
  return [
    ...command.options.map((option) => [...here, ...wordsOf(option)]),
    ...command.values.flatMap((value) => {
      const words = valueOf(value);
      return words === undefined ? [] : [[...here, "-k", "-a", quoted(words)]];
    }),
  ];
}

function wordsOf({ names, description, value }: DescribedOption): string[] {
  const flags = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const words = value === undefined ? undefined : valueOf(value);
  return [
    ...flags,
    ...(value === undefined ? [] : ["-x"]),
    ...(words === undefined ? [] : ["-a", quoted(words)]),
    "-d",
    quoted(description),
  ];
}

/** What fish puts in for a value; undefined where nothing is known of it. */
function valueOf(value: Value): string | undefined {
  switch (value.kind) {
    case "words":
      return value.words.join(" ");
    case "directory":
      return "(__fish_complete_directories)";
    case "file":
      return "(__fish_complete_path (commandline -ct))";
    case "pipeline":
      return `(__fish_complete_path (commandline -ct) | string match -er '(?:/|[.](?:${PIPELINE_ENDINGS.join("|")}))(?:\\t|$)')`;
    case "any":
      return undefined;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
