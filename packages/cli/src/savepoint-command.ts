import { join, resolve } from "node:path";
import { DataflowError } from "@df/core";
import {
  deleteSavepoint,
  type FoundSavepoint,
  type Savepoint,
  savepointsDirectory,
  savepointsIn,
} from "@df/core/checkpoint/savepoint";
import { takeSavepoint } from "dataflow";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import { EXIT } from "./exit.ts";
import { here } from "./here.ts";
import { count } from "./counted.ts";
import { table } from "./render.ts";
import type { Action } from "./savepoint-actions.ts";
import { pipelineIn, pipelinesIn } from "./states.ts";

/** Options of the command. */
export interface SavepointFlags extends Flags {
  readonly pipeline?: string;
}

/** What the actions work on. */
interface At {
  /** Of all pipelines. */
  readonly directory: string;
  readonly pipeline: string | undefined;
  readonly json: boolean;
}

/** `dataflow savepoint create|list|delete [NAME]`. Resolves to the exit code. */
export async function savepointCommand(
  action: Action,
  name: string | undefined,
  flags: SavepointFlags,
): Promise<number> {
  const { settings } = await resolveHere(flags);
  const at: At = { directory: resolve(settings.stateDir), pipeline: flags.pipeline, json: settings.json };
  if (action === "create") await create(name, at);
  else if (action === "list") list(name, at);
  else remove(name, at);
  return EXIT.ok;
}

async function create(name: string | undefined, { directory, pipeline, json }: At): Promise<void> {
  const stateDirectory = join(directory, pipelineIn(directory, pipeline));
  const savepoint = await takeSavepoint({ stateDirectory, name });
  const path = join(savepointsDirectory(stateDirectory), savepoint.name);
  if (json) return print({ ...savepoint, path });
  process.stdout.write(
    `${savepoint.pipeline}: savepoint "${savepoint.name}" of epoch ${savepoint.epoch}, ${count(savepoint.sizeBytes)} bytes.\n` +
      `Begin from it: dataflow run FILE --from ${here(path)} --state-dir NEW\n`,
  );
}

function list(name: string | undefined, { directory, pipeline, json }: At): void {
  if (name !== undefined) {
    throw new DataflowError("DF_USAGE", `"savepoint list" takes no name, and was given ${name}.`);
  }
  const pipelines = pipeline === undefined ? pipelinesIn(directory) : [pipelineIn(directory, pipeline)];
  for (const one of pipelines) {
    const found = savepointsIn(join(directory, one));
    if (json) {
      for (const { savepoint, path, damage, name: folder } of found)
        print(
          savepoint === undefined ? { pipeline: one, name: folder, path, damage } : { ...savepoint, path },
        );
    } else process.stdout.write(render(one, found));
  }
}

function remove(name: string | undefined, { directory, pipeline, json }: At): void {
  if (name === undefined) {
    throw new DataflowError("DF_USAGE", `Name the savepoint: dataflow savepoint delete NAME`);
  }
  const owner = pipelineIn(directory, pipeline);
  deleteSavepoint(join(directory, owner), name);
  if (json) print({ pipeline: owner, deleted: name });
  else process.stdout.write(`${owner}: savepoint "${name}" is deleted.\n`);
}

function render(pipeline: string, found: readonly FoundSavepoint[]): string {
  if (found.length === 0) return `${pipeline}: no savepoints\n`;
  const good = found.flatMap(({ savepoint, path }) => (savepoint === undefined ? [] : [{ savepoint, path }]));
  const lines = [
    `${pipeline}:`,
    ...table(["savepoint", "epoch", "bytes", "created", "path"], good.map(row)),
    ...found.flatMap(({ damage }) => (damage === undefined ? [] : [`  ${damage}`])),
  ];
  return `${lines.join("\n")}\n`;
}

function row({ savepoint, path }: { readonly savepoint: Savepoint; readonly path: string }): string[] {
  const { name, epoch, sizeBytes, created, drained } = savepoint;
  return [name, `${epoch}${drained ? " (drained)" : ""}`, count(sizeBytes), created, here(path)];
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
