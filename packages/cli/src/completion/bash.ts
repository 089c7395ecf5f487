import { PIPELINE_ENDINGS, type Described, type DescribedProgram, type Value } from "./describe.ts";

/** The completion for bash, 3.2 and newer. Its functions begin with the name of the program. */
export function bashCompletion(program: DescribedProgram): string {
  const { name, commands } = program;
  const words = [...commands.map((command) => command.name), ...optionNames(program)];
  return `# Completion of ${name} for bash. In ~/.bashrc: source <(${name} completion bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= i
  local IFS=$'\\n'
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -*) ;;
      *) if [[ -z $command ]]; then command=\${COMP_WORDS[i]}; fi ;;
    esac
  done
  case "$command $prev" in
${commands.flatMap(optionValues).join("\n")}
  esac
  case "$command" in
    "") ${oneOf(words)} ;;
${commands.map(commandCase).join("\n")}
  esac
}
_dataflow_files() {
  compopt -o filenames 2> /dev/null
  _dataflow_reply < <(
    compgen -d -- "$1"
    for ending in "\${@:2}"; do compgen -f -X "!*.$ending" -- "$1"; done
  )
}
# Names of files may hold blanks and stars.
_dataflow_reply() {
  local reply
  while read -r reply; do COMPREPLY+=("$reply"); done
}
complete -F _${name} ${name}
`;
}

/** What follows the options of a command that take a value. */
function optionValues({ name, options }: Described): string[] {
  return options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [`    ${names.map((option) => quoted(`${name} ${option}`)).join("|")}) ${replies(value)}; return ;;`],
  );
}

/** Options after a dash, else the values of the command. */
function commandCase(command: Described): string {
  const [value] = command.values;
  return `    ${command.name})
      if [[ $cur == -* ]]; then ${oneOf(optionNames(command))}
      else ${value === undefined ? ":" : replies(value)}; fi ;;`;
}

function replies(value: Value): string {
  switch (value.kind) {
    case "words":
      return oneOf(value.words);
    case "directory":
      return `_dataflow_files "$cur"`;
    case "file":
      return `_dataflow_files "$cur" "*"`;
    case "pipeline":
      return `_dataflow_files "$cur" ${PIPELINE_ENDINGS.join(" ")}`;
    case "any":
      return ":";
  }
}

function oneOf(words: readonly string[]): string {
  return `_dataflow_reply < <(compgen -W ${quoted(words.join("\n"))} -- "$cur")`;
}

function optionNames({ options }: Described): string[] {
  return options.flatMap(({ names }) => names);
}

/** In $'…', where line breaks may be written. */
function quoted(text: string): string {
  return `$'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
}
