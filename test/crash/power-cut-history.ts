/** Runs of the command in one folder, one after the other, as deeds; and the power cuts that could have ended them. */
import { mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { crc32 } from "node:zlib";
import type { Random } from "@df/testing/random";
import { newFolder, root } from "../command.ts";
import { Disk, type Ignored, type Image } from "./power-cut-disk.ts";
import { readState, SINKS, writeImage, type Said } from "./power-cut-judge.ts";
import { record, type Deed } from "./power-cut-trace.ts";

export const pipeline: string = join(root, "test/crash/power-cut-pipeline.ts");

export interface History {
  readonly folder: string;
  readonly deeds: readonly Deed[];
  /** CRC-32 of each file that was left at the end, by its path below the folder. */
  readonly written: ReadonlyMap<string, number>;
}

/** What a history begins with, and the rows at which its runs are killed; a last run goes to the end. */
export interface Plot {
  /** A folder that survived a power cut. */
  readonly image?: Image;
  /** Directories that a killed process has made, and nobody has fsynced. */
  readonly directories?: readonly string[];
  readonly killedAtRows: readonly number[];
}

/** Records the runs of a plot. */
export function recordHistory({ image, directories = [], killedAtRows }: Plot): History {
  const folder = realpathSync(newFolder("power-cut"));
  const deeds: Deed[] = [];
  const disk = new Disk(folder);
  const add = (more: readonly Deed[]): void => {
    const last = deeds.at(-1)?.ended ?? 0;
    for (const deed of more) {
      deeds.push({ ...deed, began: last + 1 + deed.began, ended: last + 1 + deed.ended });
      disk.apply(deeds.at(-1) as Deed);
    }
  };
  if (image !== undefined) {
    writeImage(image, folder);
    add([...disk.unseen(), { kind: "settled", began: 0, ended: 0 }]);
  }
  for (const directory of directories) mkdirSync(join(folder, directory), { recursive: true });
  for (const row of [...killedAtRows, 0]) {
    // What a killed process was doing when it died, strace may not have seen to its end.
    add(disk.unseen());
    add([{ kind: "start", epoch: epochOf(folder), began: 0, ended: 0 }]);
    const env = { CRASH_ROW_MS: "1", CRASH_AT_ROW: String(row), DATAFLOW_PAUSE_MS: "1" };
    const run = record(folder, ["run", pipeline], env);
    const isKilled = run.end === "SIGKILL" || run.end === "137";
    if (row > 0 ? !isKilled : run.end !== "0") throw new Error(`a run ended with ${run.end}: ${run.stderr}`);
    add(run.deeds);
  }
  const unseen = disk.unseen();
  if (unseen.length > 0)
    throw new Error(`not all was seen: ${unseen.map((deed) => JSON.stringify(deed)).join()}`);
  return { folder, deeds, written: new Map(filesOf(folder).map(([path, bytes]) => [path, crc32(bytes)])) };
}

/** A power cut: what it left, and what had been said before. */
export interface Cut {
  readonly image: Image;
  readonly said: Said;
  /** The number of the deed before it. */
  readonly after: number;
}

/** Power cuts at random moments of a history, in their order. */
export function* powerCuts(
  { folder, deeds }: History,
  given: { readonly random: Random; readonly images: number; readonly ignored?: Ignored },
): Generator<Cut> {
  const { random, images, ignored } = given;
  // What lay there before the first run is no moment of it.
  const first = deeds.findIndex(({ kind }) => kind === "start");
  const moments = Array.from({ length: images }, () => first + random.below(deeds.length - first));
  moments.sort((a, b) => a - b);
  const disk = new Disk(folder, ignored);
  const said: Said = { epoch: 0, shown: new Map() };
  let next = 0;
  for (const [after, deed] of deeds.entries()) {
    disk.apply(deed);
    if (deed.kind === "start") said.epoch = Math.max(said.epoch, deed.epoch);
    if (deed.kind === "said") hear(deed.text, said, disk);
    for (; moments[next] === after; next++) yield { image: disk.image(random), said, after };
  }
}

/** Notes what a run says behind the steps of its protocol. */
function hear(text: string, said: Said, disk: Disk): void {
  for (const [, step, node = ""] of text.matchAll(/^step: ([a-z ]+) \((.*)\)$/gm)) {
    if (step === "checkpoint stored") said.epoch++;
    if (step !== "committed" || !(node in SINKS)) continue;
    const { table } = SINKS[node as keyof typeof SINKS];
    const names = [...disk.names(`${table}/_delta_log`), ...disk.names(`${table}/_commits`)];
    const versions = names
      .filter((name) => /^\d{20}\.json$/.test(name))
      .map((name) => Number(name.slice(0, 20)));
    said.shown.set(node, Math.max(...versions));
  }
}

/** The epoch of a state that nobody has open. Judged on a copy: opening it would write to it. */
function epochOf(folder: string): number {
  const state = readState({ files: new Map(filesOf(folder)) }, newFolder("power-cut-state"));
  if (typeof state === "string") throw new Error(state);
  return state.epoch;
}

function filesOf(folder: string): (readonly [path: string, bytes: Buffer])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(folder, path), readFileSync(path)] as const);
}
