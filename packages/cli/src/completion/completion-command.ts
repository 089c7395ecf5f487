import type { Command } from "commander";
import { bashCompletion } from "./bash.ts";
import { describe, type DescribedProgram } from "./describe.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

/** A shell that has a completion. */
export type Shell = "bash" | "zsh" | "fish";

/** Those shells. */
export const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

const SCRIPTS: Readonly<Record<Shell, (program: DescribedProgram) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `dataflow completion SHELL`: a script that completes what the program takes, made of the program itself. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](describe(program));
}
