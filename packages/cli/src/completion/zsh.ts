import {
  PIPELINE_ENDINGS,
  type Described,
  type DescribedOption,
  type DescribedProgram,
  type Value,
} from "./describe.ts";

/** The completion for zsh. It may be sourced, or lie as a file in a directory of $fpath. */
export function zshCompletion(program: DescribedProgram): string {
  const { name, commands } = program;
  return `#compdef ${name}
# Completion of ${name} for zsh. In ~/.zshrc, behind compinit: source <(${name} completion zsh)
_${name}() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${commands.map((command) => `    ${quoted(`${escaped(command.name)}:${command.description}`)}`).join("\n")}
  )
  _arguments -C${program.options.flatMap(specsOf).map(continued).join("")}${continued("'1: :->command'")}${continued("'*:: :->rest'")}
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${commands.map(caseOf).join("\n")}
    esac ;;
  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function caseOf(command: Described): string {
  const values = command.values.map((value, index) => quoted(`${index + 1}:${actionOf(value)}`));
  const specs = [...command.options.flatMap(specsOf), ...values];
  return `      ${command.name}) _arguments${specs.map(continued).join("")} ;;`;
}

/** A name that takes a value may be written with "=". */
function specsOf({ names, description, value }: DescribedOption): string[] {
  const said = `[${description.replaceAll(/[[\]\\]/g, "\\$&")}]`;
  return names.map((name) =>
    quoted(
      value === undefined
        ? `${name}${said}`
        : `*${name}${name.startsWith("--") ? "=" : "+"}${said}:${actionOf(value)}`,
    ),
  );
}

/** What stands for a value, and what completes it. */
function actionOf(value: Value): string {
  switch (value.kind) {
    case "words":
      return `word:(${value.words.join(" ")})`;
    case "directory":
      return "directory:_files -/";
    case "file":
      return "file:_files";
    case "pipeline":
      return `pipeline:_files -g "*.(${PIPELINE_ENDINGS.join("|")})(-.)"`;
    case "any":
      return `${escaped(value.name)}: `;
  }
}

function continued(spec: string): string {
  return ` \\\n        ${spec}`;
}

function escaped(text: string): string {
  return text.replaceAll(":", "\\:");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
