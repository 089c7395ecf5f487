import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DataflowError } from "@df/core";
import { makeDirectory } from "@df/core/checkpoint/make-directory";
import { EXIT } from "./exit.ts";

const TEMPLATE = fileURLToPath(new URL("../template", import.meta.url));
const TYPES = fileURLToPath(new URL("../pipeline.tsconfig.json", import.meta.url));
/** Files that are called otherwise in the package, where their own names would have a meaning. */
const NAMES: Readonly<Record<string, string>> = { gitignore: ".gitignore" };
/** A file that is left as it is where there is one. */
const SHARED = "package.json";

/** `dataflow init [FOLDER]`: makes a folder with a pipeline that runs, its input and its test. */
export function initCommand(folder: string): number {
  const directory = resolve(folder);
  const files = templateFiles();
  refuseToOverwrite(directory, files);
  // Somebody's own package.json has no script for the test.
  const hasScripts = !existsSync(join(directory, SHARED));
  for (const file of files) {
    const path = join(directory, nameOf(file));
    if (file === SHARED && !hasScripts) continue;
    makeDirectory(dirname(path));
    const content = readFileSync(join(TEMPLATE, file));
    writeFileSync(path, file === "tsconfig.json" ? typesFor(directory, content) : content, {
      flag: "wx",
    });
  }
  const made = files.filter((file) => file !== SHARED || hasScripts).map(nameOf);
  process.stdout.write(nextSteps(directory, made, hasScripts));
  return EXIT.ok;
}

function templateFiles(): readonly string[] {
  return readdirSync(TEMPLATE, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(TEMPLATE, file)).isFile())
    .toSorted();
}

function nameOf(file: string): string {
  return NAMES[file] ?? file;
}

/** @throws DF_INIT_EXISTS before anything is made */
function refuseToOverwrite(directory: string, files: readonly string[]): void {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() === false)
    throw new DataflowError("DF_INIT_EXISTS", `${directory} is a file. Name a folder.`);
  const there = files.map(nameOf).filter((file) => file !== SHARED && existsSync(join(directory, file)));
  if (there.length === 0) return;
  throw new DataflowError(
    "DF_INIT_EXISTS",
    `${directory} has ${there.join(", ")} already, and nothing is overwritten. Name another folder: dataflow init my-pipeline`,
  );
}

/** Where the folder does not find `dataflow` installed, its types are those of the copy that runs now. */
function typesFor(directory: string, template: Buffer): Buffer | string {
  if (isInstalledFor(directory) || !existsSync(TYPES)) return template;
  return `${JSON.stringify({ extends: TYPES, include: ["*.ts"] }, null, 2)}\n`;
}

/** Whether files of the directory find the package as Node looks for it: in a `node_modules` there or further up. */
function isInstalledFor(directory: string): boolean {
  if (existsSync(join(directory, "node_modules/dataflow/package.json"))) return true;
  return dirname(directory) !== directory && isInstalledFor(dirname(directory));
}

function nextSteps(directory: string, made: readonly string[], hasScripts: boolean): string {
  const command = calledAs();
  const inside = relative(process.cwd(), directory);
  const there = inside.startsWith("..") ? directory : inside;
  const lines = [
    `Made in ${directory}: ${made.toSorted().join(", ")}. Next:`,
    "",
    ...(there === "" ? [] : [`  cd ${quoted(there)}`]),
    `  ${command} run pipeline.ts`,
    `  ${testCommand(command, hasScripts)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** What runs the test: it needs to find the command. */
function testCommand(command: string, hasScripts: boolean): string {
  if (command !== "npx dataflow")
    return command === "dataflow" ? "node --test" : `DATAFLOW=${command} node --test`;
  return hasScripts ? "npm test" : 'npx -c "node --test"';
}

/** How this command can be called again. Scripts of a package manager have a path that their shell has not. */
function calledAs(): string {
  if (process.env["npm_command"] === "exec") return "npx dataflow";
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  const found = directories.map((directory) => join(directory, "dataflow")).find((file) => existsSync(file));
  const isOwnPath = process.env["npm_lifecycle_event"] === undefined;
  return found !== undefined && isOwnPath ? "dataflow" : quoted(found ?? process.argv[1] ?? "dataflow");
}

function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : JSON.stringify(text);
}
