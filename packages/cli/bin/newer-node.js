// Plain JavaScript for older Nodes, which cannot load the state's SQLite (it asks for Node-API 10) nor read TypeScript.
// The command is then run by the Node that this package names, from the packages of npm that hold nothing but Node.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "./cache-folder.js";

const NEEDED = "dataflow needs Node 22.18 or newer";
const THIS = `this is ${process.versions.node} (${process.execPath})`;
const STARTED = fileURLToPath(new URL("run-here.js", import.meta.url));

/** Runs the command in a Node that will do, and ends as it ended. Where there is none to be had, says so and ends. */
export async function runInNewerNode() {
  const { config } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const wanted = config.node[`${process.platform}-${process.arch}`];
  if (wanted === undefined) refuse(`There is no other Node for ${process.platform} on ${process.arch}.`);
  const [name, version] = wanted.split("@");
  run(installed(name, version) ?? fetched(name, version));
}

/** The program of a package that lies here already: in a checkout of the repository, or installed beside this one. */
function installed(name, version) {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    if (JSON.parse(readFileSync(manifest, "utf8")).version === version) return program(dirname(manifest));
  } catch {
    // It does not lie here.
  }
  return undefined;
}

/** The program in the user's cache; the first time, npm brings it there. */
function fetched(name, version) {
  const cache = cacheFolder();
  if (cache === undefined)
    refuse("There is no home to fetch another Node into: HOME and XDG_CACHE_HOME are not set.");
  const folder = join(cache, `${name}-${version}`);
  const node = program(join(folder, "node_modules", name));
  if (existsSync(node)) return node;
  process.stderr.write(`${NEEDED}; ${THIS}. Fetching Node ${version} into ${folder}, once.\n`);
  let fresh;
  try {
    mkdirSync(cache, { recursive: true });
    fresh = mkdtempSync(`${folder}-`);
    writeFileSync(join(fresh, "package.json"), "{}\n");
  } catch (error) {
    refuse(`Nothing can be written to ${cache}: ${error.message}.`);
  }
  const failure = npmInstall(fresh, `${name}@${version}`);
  if (failure === undefined && existsSync(program(join(fresh, "node_modules", name)))) {
    try {
      renameSync(fresh, folder);
    } catch {
      // Another process was faster.
    }
  }
  rmSync(fresh, { recursive: true, force: true });
  if (!existsSync(node)) refuse(`npm could not fetch it: ${failure ?? "it installed something else"}.`);
  return node;
}

/** Installs a package into a folder. Gives what went wrong, in npm's last words, or nothing. */
function npmInstall(folder, wanted) {
  const flags = [
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--no-update-notifier",
    "--loglevel=error",
  ];
  // The folder has a package.json, so npm installs there. Told with --prefix, it would not read its global settings.
  const npm = spawnSync("npm", ["install", ...flags, wanted], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (npm.status === 0) return undefined;
  const said = npm.error?.message ?? npm.stderr.replaceAll(/^npm (error|ERR!) ?/gm, "").trim();
  return said.split("\n").slice(0, 3).join(" ").replace(/\.$/, "");
}

function program(folder) {
  return join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
}

/** The command as a child: signals go to it, its end is ours, and it dies when we are killed. */
function run(node) {
  const child = spawn(node, [...process.execArgv, STARTED, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => {
      // Ctrl-C goes to every process at the terminal: a second one would mean "at once".
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => refuse(`${node} cannot be started: ${error.message}.`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function refuse(reason) {
  process.stderr.write(
    `${NEEDED}; ${THIS}.\n${reason}\nInstall Node 24 from https://nodejs.org and run it again.\n`,
  );
  process.exit(1);
}
