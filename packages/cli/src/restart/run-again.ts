import { spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { supervise } from "./supervise.ts";

/**
 * `dataflow run --restart`: the same command without that option as a child process, started again when it fails. A
 * process of its own survives whatever ends the child; killed itself, it takes the child with it (bin/run-here.js).
 */
export function runAgain(given: readonly string[]): Promise<number> {
  const [command = "run", ...more] = given;
  // What says --restart may also stand in the configuration or in a variable: the option goes before both.
  const once = [command, "--no-restart", ...more.filter((option) => option !== "--restart")];
  const script = fileURLToPath(import.meta.resolve("#run-here"));
  return supervise({
    start: () =>
      spawn(process.execPath, [...process.execArgv, script, ...once], {
        stdio: ["inherit", "inherit", "inherit", "ipc"],
      }),
    now: () => Date.now(),
    sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
    say: (words) => process.stderr.write(`${words}\n`),
    terminal: process.stdin.isTTY,
  });
}
