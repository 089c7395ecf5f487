/** Judges what a power cut has left of a run, without the engine: by SQLite, JSON, sizes and checksums. */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Image } from "./power-cut-disk.ts";
import { deltaTable, directoryTable, type Sums, type TableFound } from "./power-cut-tables.ts";

/** What a run had said before the power went: this must be true for ever. */
export interface Said {
  /** The last checkpoint that was stored. */
  epoch: number;
  /** The newest version of each table, by sink, when its commit was said to be made. */
  readonly shown: Map<string, number>;
}

/** How each sink keeps its table. */
export const SINKS = {
  append: { table: "out/lake/append", find: deltaTable },
  upsert: { table: "out/lake/upsert", find: deltaTable },
  parquet: { table: "out/lake/parquet", find: directoryTable },
  files: { table: "out/lake/files", find: directoryTable },
  wide: { table: "out/lake/wide", find: directoryTable },
} as const;
type SinkId = keyof typeof SINKS;
const SINK_IDS = Object.keys(SINKS) as SinkId[];

export const STATE = ".dataflow/power-cut/state.sqlite";

interface StateFound {
  readonly epoch: number;
  /** Epoch, hash and version of what was delivered. */
  readonly delivered: readonly {
    readonly sink: string;
    readonly epoch: number;
    readonly hash: string;
    readonly version: string;
  }[];
  readonly intents: readonly { readonly sink: string; readonly record: string }[];
  /** Held rows in files beside the state. */
  readonly spooled: readonly {
    readonly sink: string;
    readonly file: string;
    readonly place: number;
    readonly length: number;
  }[];
}

/** Everything that is wrong with an image; nothing in one that a run may go on from. */
export function judge(
  image: Image,
  said: Said,
  { scratch, written }: { readonly scratch: string; readonly written: Sums },
): string[] {
  const state = readState(image, scratch);
  if (typeof state === "string") return [state];
  const wrong = SINK_IDS.flatMap((sink) => {
    const { table, find } = SINKS[sink];
    const found = find(image.files, table, written);
    return [...found.wrong, ...apart(sink, found, state, said)].map((text) => `${sink}: ${text}`);
  });
  if (state.epoch < said.epoch) {
    wrong.push(`state: epoch ${said.epoch} was said to be stored, ${state.epoch} is left`);
  }
  for (const { sink, file, place, length } of state.spooled) {
    const frame = image.files.get(join(dirname(STATE), file))?.subarray(place, place + length);
    // See batch/frame.ts: a checksum of all that follows it.
    const isWhole = frame?.length === length && frame.readUInt32LE(4) === crc32(frame.subarray(8));
    if (!isWhole) wrong.push(`${sink}: held rows in ${file} are not whole`);
  }
  for (const { sink, record } of state.intents) {
    const { table } = SINKS[sink as SinkId];
    wrong.push(...unstaged(image, table, record).map((text) => `${sink}: the intent names ${text}`));
  }
  return wrong;
}

/** Where a table and the state do not fit: I3, I5, and what was said. */
function apart(sink: SinkId, { version, markers }: TableFound, state: StateFound, said: Said): string[] {
  const wrong: string[] = [];
  const shown = said.shown.get(sink) ?? -1;
  if (version < shown) wrong.push(`version ${shown} was said to be committed, ${version} is left`);
  const delivered = state.delivered.filter((one) => one.sink === sink);
  const newest = delivered.reduce((most, one) => Math.max(most, Number(one.version)), -1);
  if (version < newest) wrong.push(`the state says that version ${newest} was delivered, ${version} is left`);
  const intents = state.intents
    .filter((one) => one.sink === sink)
    .map(({ record }) => (JSON.parse(record) as { marker: { epoch: number; hash: string } }).marker);
  for (const { epoch, hash } of markers) {
    if (epoch > state.epoch) wrong.push(`epoch ${epoch} is shown, the state is at ${state.epoch}`);
    if (![...delivered, ...intents].some((one) => one.epoch === epoch && one.hash === hash)) {
      wrong.push(`epoch ${epoch} is shown, and the state knows of no such delivery`);
    }
  }
  return wrong;
}

/** Files of an intent that are not there whole, under the name that they will have or the one that they wait under. */
function unstaged({ files }: Image, table: string, record: string): string[] {
  const { manifest } = JSON.parse(record) as {
    readonly manifest: {
      readonly files: readonly { path: string; size?: number; sizeBytes?: number; crc32: number }[];
    };
  };
  return manifest.files.flatMap(({ path, size, sizeBytes, crc32: sum }) => {
    const waiting = join(dirname(path), `.${path.slice(path.lastIndexOf("/") + 1)}.staged`);
    const bytes = files.get(`${table}/${waiting}`) ?? files.get(`${table}/${path}`);
    if (bytes === undefined) return [`${path}, which is gone`];
    return bytes.length === (size ?? sizeBytes) && crc32(bytes) === sum ? [] : [`${path}, which is damaged`];
  });
}

/** The bytes of scratch files, by path. */
const laid = new Map<string, Buffer>();
const PIECE_BYTES = 1 << 16;

/** Writes a scratch file, from where it differs: logs are long, and those of many images begin alike. */
function lay(file: string, bytes: Buffer | undefined): void {
  const before = laid.get(file);
  if (bytes === undefined) {
    rmSync(file, { force: true });
    laid.delete(file);
    return;
  }
  laid.set(file, bytes);
  if (before === undefined) return writeFileSync(file, bytes);
  let same = 0;
  while (same < before.length && isSamePiece(before, bytes, same)) same += PIECE_BYTES;
  const open = openSync(file, "r+");
  try {
    if (same < bytes.length) writeSync(open, bytes, same, bytes.length - same, same);
    ftruncateSync(open, bytes.length);
  } finally {
    closeSync(open);
  }
}

function isSamePiece(one: Buffer, other: Buffer, at: number): boolean {
  return one.subarray(at, at + PIECE_BYTES).equals(other.subarray(at, at + PIECE_BYTES));
}

const PARTS = ["", "-wal", "-journal"];
let last:
  | { readonly parts: readonly (Buffer | undefined)[]; readonly found: StateFound | string }
  | undefined;

/** The state, as SQLite finds it; a sentence where it cannot. Of many images in a row it is the same buffers. */
export function readState({ files }: Pick<Image, "files">, scratch: string): StateFound | string {
  const parts = PARTS.map((part) => files.get(STATE + part));
  if (last === undefined || parts.some((bytes, i) => bytes !== last?.parts[i])) {
    last = { parts, found: openState(parts, scratch) };
  }
  return last.found;
}

function openState(parts: readonly (Buffer | undefined)[], scratch: string): StateFound | string {
  const nothing = { epoch: 0, delivered: [], intents: [], spooled: [] };
  if (parts[0] === undefined) return nothing;
  const file = join(scratch, "state.sqlite");
  rmSync(`${file}-shm`, { force: true });
  for (const [i, part] of PARTS.entries()) lay(file + part, parts[i]);
  // A journal has to be rolled back, which writes. Else the files stay as they were laid, and the next image over them.
  const readOnly = parts[2] === undefined;
  if (!readOnly) laid.clear();
  try {
    const db = new DatabaseSync(file, { readOnly });
    try {
      // Another power cut is not to be feared here.
      db.exec("PRAGMA synchronous = OFF");
      const [check] = db.prepare("PRAGMA integrity_check").all();
      if (check?.["integrity_check"] !== "ok") return `state: ${JSON.stringify(check)}`;
      // It is made last of all tables, and nothing is stored before it.
      const last = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'key_index_version'").get();
      if (last === undefined) return nothing;
      const epoch = db.prepare("SELECT value FROM meta WHERE name = 'epoch'").get()?.["value"] ?? 0;
      const delivered = db.prepare("SELECT sink, epoch, hash, version FROM delivered").all();
      const intents = db.prepare("SELECT sink, record FROM intent").all();
      const spooled = db.prepare("SELECT sink, file, place, length FROM held WHERE file IS NOT NULL").all();
      return { epoch: Number(epoch), delivered, intents, spooled } as unknown as StateFound;
    } finally {
      db.close();
    }
  } catch (thrown) {
    return `state: ${String(thrown)}`;
  }
}

/** Writes an image to a new folder, for others to look at and to go on from. */
export function writeImage({ files, directories }: Image, folder: string): void {
  for (const directory of directories) mkdirSync(join(folder, directory), { recursive: true });
  for (const [path, bytes] of files) writeFileSync(join(folder, path), bytes);
}
