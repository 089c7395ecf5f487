/** A folder of somebody who has Node and npm and nothing of ours: no cache, no settings, no workspace in the path. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { newFolder, type Ended } from "../command.ts";

const home = newFolder("home");

/** The environment of this machine, without what the workspace and npm's own runs have put in. */
const environment: NodeJS.ProcessEnv = Object.fromEntries([
  ...Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS$|XDG_|VITEST|NODE_ENV$)/i.test(name),
  ),
  ["HOME", home],
  ["USERPROFILE", home],
  ["PATH", (process.env["PATH"] ?? "").split(delimiter).filter(isOfMachine).join(delimiter)],
]);

function isOfMachine(folder: string): boolean {
  return !folder.includes("node_modules");
}

/** Runs a command line as somebody types it. */
export function typed(folder: string, line: string): Ended {
  const ended = spawnSync(line, {
    cwd: folder,
    encoding: "utf8",
    env: environment,
    shell: true,
    timeout: 120_000,
  });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** Why nothing can be installed here; undefined when npm is there and its registry answers. */
export function missingRegistry(): string | undefined {
  const { code, stderr } = typed(
    home,
    "npm view better-sqlite3 version --fetch-retries=0 --fetch-timeout=10000",
  );
  if (code === 0) return undefined;
  return `npm does not reach its registry: ${stderr.trim().split("\n")[0] ?? ""}`;
}

/** A new, empty folder in which a tarball is installed. */
export function folderWith(tarball: string): string {
  const folder = join(newFolder("fresh"), "orders");
  mkdirSync(folder);
  const installed = typed(folder, `npm install "${tarball}"`);
  if (installed.code !== 0) throw new Error(`npm install: ${installed.stderr}`);
  return folder;
}
