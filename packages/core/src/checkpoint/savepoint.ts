/**
 * Savepoints: copies of a state that are kept, in folders `savepoints/NAME` of its directory. One holds all that a
 * pipeline needs to go on, and no row that its targets do not show. `state.sqlite` is the copy, `savepoint.json` says
 * what it is, with its SHA-256; the folder gets its name when both are durable and have been read again.
 */
import { createHash, randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync } from "node:fs";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { DataflowError, reasonOf } from "../error.ts";
import type { Epoch } from "../stream.ts";
import { keepNames } from "./keep-names.ts";
import { makeDirectory } from "./make-directory.ts";
import { MetaTable } from "./meta-table.ts";
import type { SqlDatabase } from "./sql.ts";

const FORMAT = 1;
const MANIFEST = "savepoint.json";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** Bytes read at once for a checksum. */
const BLOCK_BYTES = 1 << 20;

/** What a savepoint says of itself. */
export interface Savepoint {
  readonly format: number;
  /** A UUID: what is begun from it remembers it by this. */
  readonly id: string;
  readonly name: string;
  readonly pipeline: string;
  readonly lineage: string;
  readonly epoch: Epoch;
  /** Whether the end of the input had closed all windows: then it takes no new input. */
  readonly drained: boolean;
  /** ISO 8601. */
  readonly created: string;
  /** Kept by `stateHistory`, which removes it again. */
  readonly automatic?: true;
  /** Of its state.sqlite, in hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** What a new savepoint is called, and the time now as ISO 8601. */
export type SavepointRequest = Pick<Savepoint, "name" | "created" | "automatic">;

/** A savepoint where it lies. */
export interface FoundSavepoint {
  readonly name: string;
  readonly path: string;
  /** Undefined where it cannot be used; `damage` says why. */
  readonly savepoint: Savepoint | undefined;
  readonly damage: string | undefined;
}

/** Where the savepoints of a state lie. */
export function savepointsDirectory(stateDirectory: string): string {
  return join(stateDirectory, "savepoints");
}

/** The copied state in the folder of a savepoint. */
export function stateOfSavepoint(path: string): string {
  return join(path, "state.sqlite");
}

/** @throws DF_SAVEPOINT_NAME for a name that is no plain name of a folder */
export function checkSavepointName(name: string): void {
  if (NAME.test(name)) return;
  throw new DataflowError(
    "DF_SAVEPOINT_NAME",
    `${JSON.stringify(name)} cannot be the name of a savepoint: it becomes a folder. Use letters, digits, ".", "_" and "-", 100 at most, with a letter or a digit first.`,
  );
}

/**
 * Copies a state that holds nothing undelivered to a savepoint, from the connection that owns it.
 * @throws DF_SAVEPOINT_NAME, DF_SAVEPOINT_EXISTS, DF_SAVEPOINT_EMPTY
 */
export function writeSavepoint(
  db: SqlDatabase,
  stateDirectory: string,
  { name, created, automatic }: SavepointRequest,
): Savepoint {
  checkSavepointName(name);
  const all = savepointsDirectory(stateDirectory);
  const path = join(all, name);
  makeDirectory(all);
  // Only the owner of the state is here: drafts are those of processes that were killed.
  for (const draft of readdirSync(all).filter(isDraft))
    rmSync(join(all, draft), { recursive: true, force: true });
  if (existsSync(path)) {
    throw new DataflowError(
      "DF_SAVEPOINT_EXISTS",
      `There is a savepoint "${name}" already: ${path}. Give this one another name, or delete that one: dataflow savepoint delete ${name}`,
    );
  }
  const draft = join(all, draftOf(name));
  mkdirSync(draft);
  try {
    const file = stateOfSavepoint(draft);
    db.prepare("VACUUM INTO ?").run(file);
    syncFile(file);
    const savepoint: Savepoint = {
      format: FORMAT,
      id: randomUUID(),
      name,
      created,
      ...(automatic === true ? { automatic } : {}),
      ...lookInto(file),
      sha256: checksumOf(file),
      sizeBytes: statSync(file).size,
    };
    writeFileSync(join(draft, MANIFEST), `${JSON.stringify(savepoint, undefined, 2)}\n`);
    syncFile(join(draft, MANIFEST));
    keepNames(draft);
    // Commit point.
    renameSync(draft, path);
    keepNames(all);
    return savepoint;
  } catch (thrown) {
    rmSync(draft, { recursive: true, force: true });
    throw thrown;
  }
}

/** The savepoints of a state, the newest first, and what stands there in their place. */
export function savepointsIn(stateDirectory: string): FoundSavepoint[] {
  const all = savepointsDirectory(stateDirectory);
  if (!existsSync(all)) return [];
  const found = readdirSync(all)
    .filter((name) => !isDraft(name))
    .map((name): FoundSavepoint => {
      const path = join(all, name);
      try {
        return { name, path, savepoint: readSavepoint(path), damage: undefined };
      } catch (thrown) {
        return { name, path, savepoint: undefined, damage: reasonOf(thrown) };
      }
    });
  const order = ({ savepoint }: FoundSavepoint): string =>
    savepoint === undefined ? "" : `${savepoint.created} ${String(savepoint.epoch).padStart(16, "0")}`;
  return found.toSorted((a, b) => (order(a) < order(b) ? 1 : -1));
}

/**
 * What a savepoint says of itself, and that its copy is there in full length. `pipeline`: whose it has to be.
 * @throws DF_NO_SAVEPOINT, DF_SAVEPOINT_FORMAT, DF_SAVEPOINT_DAMAGED, DF_SAVEPOINT_OTHER_PIPELINE
 */
export function readSavepoint(path: string, pipeline?: string): Savepoint {
  const manifest = join(path, MANIFEST);
  if (!existsSync(manifest)) {
    throw new DataflowError(
      "DF_NO_SAVEPOINT",
      `There is no savepoint at ${path}: it has no ${MANIFEST}. "dataflow savepoint list" names those of a state directory, with their paths.`,
    );
  }
  let found: Partial<Savepoint>;
  try {
    found = JSON.parse(readFileSync(manifest, "utf8")) as Partial<Savepoint>;
  } catch (cause) {
    throw damaged(path, `${MANIFEST} cannot be read: ${reasonOf(cause)}`, cause);
  }
  if (typeof found.format === "number" && found.format > FORMAT) {
    throw new DataflowError(
      "DF_SAVEPOINT_FORMAT",
      `The savepoint ${path} has format ${found.format}; this dataflow reads format ${FORMAT}. Use the version that wrote it.`,
    );
  }
  if (!isSavepoint(found)) throw damaged(path, `${MANIFEST} does not describe a savepoint`);
  const size = statSync(stateOfSavepoint(path), { throwIfNoEntry: false })?.size;
  if (size !== found.sizeBytes) {
    const there = size === undefined ? "is gone" : `has ${size} bytes`;
    throw damaged(path, `its state.sqlite ${there}, and had ${found.sizeBytes}`);
  }
  if (pipeline !== undefined && found.pipeline !== pipeline) {
    throw new DataflowError(
      "DF_SAVEPOINT_OTHER_PIPELINE",
      `The savepoint ${path} is of pipeline "${found.pipeline}", not "${pipeline}". Name one of "${pipeline}".`,
    );
  }
  return found;
}

/** Says that a copied file is, byte for byte, the state of a savepoint. @throws DF_SAVEPOINT_DAMAGED */
export function checkCopy(file: string, path: string, { sha256 }: Savepoint): void {
  const now = checksumOf(file);
  if (now !== sha256) throw damaged(path, `the SHA-256 of its state.sqlite is ${now}, and was ${sha256}`);
}

/** Deletes a savepoint: it is there, or it is not. @throws DF_NO_SAVEPOINT */
export function deleteSavepoint(stateDirectory: string, name: string): void {
  checkSavepointName(name);
  const all = savepointsDirectory(stateDirectory);
  const path = join(all, name);
  if (!existsSync(path)) {
    throw new DataflowError(
      "DF_NO_SAVEPOINT",
      `There is no savepoint "${name}" in ${all}. "dataflow savepoint list" names those that are there.`,
    );
  }
  const draft = join(all, draftOf(name));
  // Commit point.
  renameSync(path, draft);
  keepNames(all);
  rmSync(draft, { recursive: true, force: true });
}

/** Makes what was written to a file durable. */
export function syncFile(file: string): void {
  const handle = openSync(file, "r+");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Looks whether a copy can be read and holds all of an epoch, and nothing that has yet to be shown. */
function lookInto(file: string): ReturnType<typeof contentOf> {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const sound = db.pragma("integrity_check", { simple: true });
    if (sound !== "ok") throw new DataflowError("DF_BUG", `the copy ${file} is damaged: ${String(sound)}`);
    return contentOf(db);
  } finally {
    db.close();
  }
}

/** What a copy of a state is of. @throws DF_SAVEPOINT_EMPTY, and DF_BUG where something has yet to be shown */
export function contentOf(db: SqlDatabase): Pick<Savepoint, "pipeline" | "lineage" | "epoch" | "drained"> {
  for (const table of ["held", "intent"]) {
    const rows = db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n;
    if (rows !== 0)
      throw new DataflowError("DF_BUG", `a savepoint has ${String(rows)} undelivered in ${table}`);
  }
  const meta = new MetaTable(db);
  const pipeline = meta.get("pipeline") ?? "";
  const epoch = meta.number("epoch");
  if (epoch === 0) {
    throw new DataflowError(
      "DF_SAVEPOINT_EMPTY",
      `The pipeline "${pipeline}" has no checkpoint yet, so there is nothing to keep. Try it again when it has read rows.`,
    );
  }
  return { pipeline, lineage: meta.get("lineage") ?? "", epoch, drained: meta.get("drained") === "true" };
}

function checksumOf(file: string): string {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  const handle = openSync(file, "r");
  try {
    for (;;) {
      const length = readSync(handle, block);
      if (length === 0) return hash.digest("hex");
      hash.update(block.subarray(0, length));
    }
  } finally {
    closeSync(handle);
  }
}

function isSavepoint(found: Partial<Savepoint>): found is Savepoint {
  const texts = [found.id, found.name, found.pipeline, found.lineage, found.created, found.sha256];
  return (
    texts.every((text) => typeof text === "string") &&
    Number.isSafeInteger(found.epoch) &&
    Number.isSafeInteger(found.sizeBytes) &&
    typeof found.drained === "boolean"
  );
}

/** What says that a savepoint cannot be used any more. */
export function damaged(path: string, why: string, cause?: unknown): DataflowError {
  return new DataflowError(
    "DF_SAVEPOINT_DAMAGED",
    `The savepoint ${path} is damaged: ${why}. Use another one ("dataflow savepoint list"), or a copy of this one.`,
    { cause },
  );
}

function draftOf(name: string): string {
  return `.${name}-${randomUUID()}`;
}

function isDraft(name: string): boolean {
  return name.startsWith(".");
}
