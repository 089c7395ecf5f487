/** The real command, as a user runs it. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "packages/cli/bin/dataflow.js");

/** How a run of the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new directory of the test's own. */
export function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `dataflow-${name}-`));
}

/** New directories with the same content, which is made once, when it is first asked for. */
export function copiesOf(name: string, fill: (folder: string) => void): () => string {
  let filled: string | undefined;
  return () => {
    if (filled === undefined) {
      const folder = newFolder(name);
      fill(folder);
      filled = folder;
    }
    const copy = newFolder(name);
    cpSync(filled, copy, { recursive: true });
    return copy;
  };
}

/**
 * What a command has said, but for the line every ten seconds that says how far it is: where other programs have the
 * cores, runs of a second have such lines as well.
 */
export function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^\S+: [\d,]+ rows?, [\d,]+ rows\/s, .*, epoch \d+, .*\n/gm, "");
}

/** Runs `dataflow` in a folder to its end. */
export function dataflow(
  folder: string,
  given: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Ended {
  const ended = spawnSync(process.execPath, [bin, ...given], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: 120_000,
  });
  return { code: ended.status, stdout: ended.stdout, stderr: withoutProgress(ended.stderr) };
}

/** The program that `dataflow` is, and what it is given: for those that start it inside of another one. */
export function commandLine(given: readonly string[]): readonly string[] {
  return [process.execPath, bin, ...given];
}

/** Starts `dataflow` in a folder. */
export function startDataflow(
  folder: string,
  given: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [bin, ...given], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
