import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";

const folder = newFolder("completion");
for (const file of ["a.ts", "b c.ts", "e*.js", "d.txt"]) writeFileSync(join(folder, file), "");
for (const directory of ["lib", "out dir"]) mkdirSync(join(folder, directory));

const written = new Set<string>();

/** Writes the completion of a shell, the first time that it is asked for. */
function writeCompletion(shell: string): void {
  if (written.has(shell)) return;
  const { code, stdout, stderr } = dataflow(folder, ["completion", shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  writeFileSync(join(folder, `.${shell}`), stdout);
  written.add(shell);
}

/** Runs a script in a shell that has read the completion. */
function inShell(shell: string, given: readonly string[], script: string): string[] {
  writeCompletion(shell);
  // In zsh it is compinit that brings compdef.
  const before = shell === "zsh" ? "compdef() {}; " : "";
  const ended = spawnSync(shell, [...given, `${before}source ./.${shell}\n${script}`], {
    cwd: folder,
    encoding: "utf8",
  });
  expect([ended.status, ended.stderr]).toEqual([0, ""]);
  return ended.stdout.split("\n").filter((line) => line !== "");
}

/** What bash offers for the last word. */
function bash(...words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `COMP_WORDS=(dataflow ${quoted}) COMP_CWORD=${words.length}; _dataflow; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return inShell("bash", ["--norc", "-c"], script).toSorted();
}

function has(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

describe.skipIf(!has("bash"))(`completion in bash${has("bash") ? "" : " (which is not here)"}`, () => {
  test("offers every command and every option that the help has", () => {
    const commands = dataflow(folder, ["--help"]).stdout.match(/(?<=^ {2})[a-z]+(?= )/gm) ?? [];
    expect(commands).toContain("run");
    expect(bash("").filter((word) => !word.startsWith("-"))).toEqual(commands.toSorted());
    for (const command of commands.filter((name) => name !== "help")) {
      const help = dataflow(folder, [command, "--help"]).stdout;
      const options = help.match(/(?<=^ {2}|^ {2}-., )--?[a-zA-Z-]+/gm) ?? [];
      expect(bash(command, "-")).toEqual([...new Set(options)].toSorted());
    }
  });

  test("offers what can stand there: pipelines, directories, words, and nothing where nothing is known", () => {
    expect(bash("r")).toEqual(["rewind", "run"]);
    expect(bash("run", "")).toEqual(["a.ts", "b c.ts", "e*.js", "lib", "out dir"]);
    expect(bash("run", "b")).toEqual(["b c.ts"]);
    expect(bash("run", "--state-dir", "")).toEqual(["lib", "out dir"]);
    expect(bash("run", "--state-dir", "=", "l")).toEqual(["lib"]);
    expect(bash("run", "--state-dir", "=")).toEqual(["lib", "out dir"]);
    expect(bash("run", "--state-dir", "lib", "a")).toEqual(["a.ts"]);
    expect(bash("run", "--param", "")).toEqual([]);
    expect(bash("init", "o")).toEqual(["out dir"]);
    expect(bash("completion", "")).toEqual(["bash", "fish", "zsh"]);
    expect(bash("help", "st")).toEqual(["status"]);
  });
});

test.skipIf(!has("fish"))(`fish offers the same${has("fish") ? "" : " (which is not here)"}`, () => {
  const fish = (line: string): string[] =>
    inShell("fish", ["--no-config", "-c"], `complete -C 'dataflow ${line}'`).map(
      (found) => found.split("\t")[0] ?? "",
    );
  expect(fish("run ")).toEqual(["a.ts", "b c.ts", "e*.js", "lib/", "out dir/"]);
  expect(fish("run --p")).toEqual(["--parallelism", "--param"]);
  expect(fish("completion ").toSorted()).toEqual(["bash", "fish", "zsh"]);
});

test.skipIf(!has("zsh"))(`zsh takes the script${has("zsh") ? "" : " (which is not here)"}`, () => {
  expect(inShell("zsh", ["-fc"], "print $+functions[_dataflow]")).toEqual(["1"]);
});

test("a shell that there is no completion for is refused with those that there are", () => {
  const { code, stdout, stderr } = dataflow(folder, ["completion", "tcsh"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("bash, zsh, fish");
});
