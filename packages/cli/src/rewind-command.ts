import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataflowError } from "@df/core";
import { beginFrom } from "@df/core/checkpoint/begin-from";
import { refuseUnsafe } from "@df/core/checkpoint/file-system";
import { type Savepoint, savepointsIn, stateOfSavepoint } from "@df/core/checkpoint/savepoint";
import { readStoredState } from "@df/core/checkpoint/stored-state";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import { EXIT } from "./exit.ts";
import { table } from "./render.ts";
import { pipelineIn } from "./states.ts";

/** Options of the command. */
export interface RewindFlags extends Flags {
  /** An epoch, or a time. */
  readonly to: string;
  /** The new state directory. */
  readonly into: string;
  readonly pipeline?: string;
}

/** `dataflow rewind --to EPOCH|TIME --into DIRECTORY`: begins a new state from the last savepoint of then. */
export async function rewindCommand(flags: RewindFlags): Promise<number> {
  const { settings } = await resolveHere(flags);
  const directory = resolve(settings.stateDir);
  const pipeline = pipelineIn(directory, flags.pipeline);
  const { path, savepoint } = lastBefore(join(directory, pipeline), flags.to);
  const stateDirectory = join(resolve(flags.into), pipeline);
  if (existsSync(join(stateDirectory, "state.sqlite"))) {
    throw new DataflowError(
      "DF_STATE_EXISTS",
      `There is a state already in ${stateDirectory}. Name a new directory with --into.`,
    );
  }
  if (!settings.unsafeStateFs) refuseUnsafe(stateDirectory);
  beginFrom({ from: path, stateDirectory, pipeline });
  const targets = readStoredState(stateOfSavepoint(path)).delivered.map(({ sink, epoch, version }) => ({
    sink,
    epoch,
    version,
  }));
  const { name, epoch, created } = savepoint;
  if (settings.json) {
    process.stdout.write(
      `${JSON.stringify({ pipeline, savepoint: name, epoch, created, stateDirectory, targets })}\n`,
    );
    return EXIT.ok;
  }
  const lines = [
    `${pipeline}: ${flags.into} begins at epoch ${epoch}, the savepoint "${name}" of ${created}.`,
    ...table(
      ["sink", "epoch", "version"],
      targets.map((target) => [target.sink, String(target.epoch), target.version]),
    ),
    "Give the sinks new targets, or have the owner of each Delta table restore it to that version; then go on:",
    `  dataflow run FILE --state-dir ${flags.into}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return EXIT.ok;
}

/** The newest savepoint that is not behind an epoch or a time. @throws DF_USAGE, DF_REWIND_TOO_FAR */
function lastBefore(
  stateDirectory: string,
  to: string,
): { readonly path: string; readonly savepoint: Savepoint } {
  const isEpoch = /^\d+$/.test(to);
  const time = Date.parse(to);
  if (!isEpoch && Number.isNaN(time)) {
    throw new DataflowError(
      "DF_USAGE",
      `--to is ${JSON.stringify(to)}. It is an epoch, such as 12, or a time, such as 2026-05-01T08:30:00Z.`,
    );
  }
  const all = savepointsIn(stateDirectory).flatMap(({ path, savepoint }) =>
    savepoint === undefined ? [] : [{ path, savepoint }],
  );
  const found = all.find(({ savepoint: { epoch, created } }) =>
    isEpoch ? epoch <= Number(to) : Date.parse(created) <= time,
  );
  if (found !== undefined) return found;
  const oldest = all.at(-1)?.savepoint;
  const there =
    oldest === undefined
      ? "There are none: stateHistory of the pipeline keeps some from now on"
      : `The oldest, "${oldest.name}", is of epoch ${oldest.epoch} and ${oldest.created}`;
  throw new DataflowError(
    "DF_REWIND_TOO_FAR",
    `No savepoint in ${stateDirectory} is as old as ${to}. ${there}.`,
  );
}
