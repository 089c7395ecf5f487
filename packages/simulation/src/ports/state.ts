/** The state of simulated processes: the real one, in a database and files in memory that a host keeps. */
import { randomUUID } from "node:crypto";
import { assert, type ByteStrings, DataflowError, type IndexChanges, present } from "@df/core";
import { giveLineage } from "@df/core/checkpoint/begin-from";
import { carriersOf, givenAway } from "@df/core/checkpoint/given-away";
import type { Checkpoint, HeldFrame } from "@df/core/checkpoint/records";
import { contentOf, type Savepoint, type SavepointRequest } from "@df/core/checkpoint/savepoint";
import { SqliteState } from "@df/core/checkpoint/sqlite-state";
import type { Spool } from "@df/core/checkpoint/spool";
import { STATE_METHODS, type StateFile } from "@df/core/checkpoint/state-file";
import type { Phase, Process, World } from "../world.ts";
import { giveBack, inCopy, type KeptDatabase, takeDatabase } from "./databases.ts";

type Method = keyof SqliteState;

const PHASE_OF: Partial<Record<Method, Phase>> = {
  hold: "hold",
  commit: "epoch transaction",
  storeIntent: "intent transaction",
  recordDelivery: "delivered transaction",
};

/** What changes nothing. */
const READS: ReadonlySet<Method> = new Set([
  "lastCheckpoint",
  "chunkList",
  "chunks",
  "sinks",
  "formerIds",
  "undelivered",
  "heldFrames",
  "intents",
  "deliveries",
  "indexGet",
  "indexVersion",
  "indexDecided",
]);

/** Some epochs of a run hold more than this, some less: both ways to hold rows are taken. */
const SPOOLED_BYTES_MIN = 2048;

/** What lies in a state directory at one moment. */
export interface StateImage {
  readonly db: Buffer;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The objects of each table. */
export type TableImages = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** A savepoint, and what tables showed when it was taken. */
export interface KeptSavepoint {
  readonly savepoint: Savepoint;
  readonly image: StateImage;
  readonly tables: TableImages;
}

/** What a new state has that is begun from a savepoint. */
export function childOf({ savepoint, image }: KeptSavepoint): StateImage {
  const db = inCopy(image.db, (copy) => {
    giveLineage(copy, savepoint);
    return copy.serialize();
  });
  return { db, files: image.files };
}

/** The version of a table that a savepoint knows, 0 where it knows of no delivery. */
export function versionIn({ image }: KeptSavepoint, sink: string): number {
  const newest = "SELECT version FROM delivered WHERE sink = ? ORDER BY epoch DESC";
  const found = inCopy(image.db, (copy) => copy.prepare<[string], { version: string }>(newest).get(sink));
  return Number(found?.version ?? 0);
}

/** A state directory: its database and files, and who has it open. */
export class StateDirectory {
  #database: KeptDatabase;
  #files: Map<string, Uint8Array>;
  /** Two processes may have it open: the lock of a network file system. */
  unlocked = false;
  /** An older image, for who restores it. */
  backup: StateImage | undefined;
  readonly savepoints: KeptSavepoint[] = [];
  /** Intents that were stored since it was made or restored. */
  intents = 0;
  readonly #tables: () => TableImages;
  /** What others have taken the place of: processes that were slow may still use them. */
  readonly #replaced: KeptDatabase[] = [];
  #holder: Process | undefined;

  /** `tables` gives what tables show at the moment. */
  constructor(tables: () => TableImages, image?: StateImage) {
    this.#tables = tables;
    this.#database = takeDatabase(image?.db);
    this.#files = new Map(image?.files);
  }

  /** Whether anything is stored. */
  get hasCheckpoint(): boolean {
    try {
      return this.#database.compiled.prepare("SELECT 1 FROM checkpoint").get() !== undefined;
    } catch {
      // A new one has no tables yet.
      return false;
    }
  }

  /** To be called when nobody uses it any more. */
  close(): void {
    for (const database of [this.#database, ...this.#replaced]) giveBack(database);
  }

  /** What lies on the disk now. */
  image(): StateImage {
    return { db: this.#database.db.serialize(), files: new Map(this.#files) };
  }

  /** Puts another image in its place, or nothing. Nobody may have it open. */
  restore(image: StateImage | undefined): void {
    this.#replaced.push(this.#database);
    this.#database = takeDatabase(image?.db);
    this.#files = new Map(image?.files);
    this.#holder = undefined;
    this.intents = 0;
  }

  /** The state as a process sees it, through the world. */
  open(world: World, process: Process, pipeline: string): StateFile {
    let state: SqliteState | undefined;
    const answer = (method: Method, given: readonly unknown[]): unknown => {
      if (method === "close") {
        if (this.#holder === process) this.#holder = undefined;
        return undefined;
      }
      if (method === "storeIntent") this.intents++;
      state ??= this.#opened(process, pipeline);
      return (state[method] as (...all: readonly unknown[]) => unknown).apply(state, [...given]);
    };
    const methods = STATE_METHODS.map((method) => [
      method,
      (...given: unknown[]) => {
        const sent = moved(method, given);
        const effect = (): unknown => answer(method, sent);
        return READS.has(method)
          ? world.read(process, `state.${method}`, {}, effect)
          : world.call(process, `state.${method}`, PHASE_OF[method] ?? "other", effect);
      },
    ]);
    return Object.fromEntries(methods) as StateFile;
  }

  #keep({ name, created }: SavepointRequest): Savepoint {
    const image = { db: this.#database.db.serialize(), files: new Map<string, Uint8Array>() };
    const savepoint = {
      format: 1,
      id: randomUUID(),
      name,
      created,
      ...inCopy(image.db, contentOf),
      sha256: "",
      sizeBytes: image.db.length,
    };
    this.savepoints.push({ savepoint, image, tables: this.#tables() });
    return savepoint;
  }

  #opened(process: Process, pipeline: string): SqliteState {
    const holder = this.#holder;
    if (holder !== undefined && holder !== process && !holder.dead && !this.unlocked) {
      throw new DataflowError("DF_ALREADY_RUNNING", "Another process is using the simulated state.");
    }
    this.#holder = process;
    return new SqliteState("simulated", pipeline, {
      open: () => this.#database.compiled,
      spool: memorySpool(this.#files),
      spooledBytesMin: SPOOLED_BYTES_MIN,
      keep: (_, request) => this.#keep(request),
    });
  }
}

/** What is given away belongs to the state: nobody else can read its bytes any more, as from a thread to another. */
function moved(method: Method, given: readonly unknown[]): readonly unknown[] {
  const taken = new Map(givenAway(carriersOf(method, given)).map((buffer) => [buffer, buffer.transfer()]));
  const own = <Part extends { readonly bytes: Uint8Array }>(part: Part): Part => {
    const buffer = taken.get(part.bytes.buffer as ArrayBuffer);
    return { ...part, bytes: buffer === undefined ? part.bytes.slice() : new Uint8Array(buffer) };
  };
  if (method === "hold") return [given[0], (given[1] as readonly HeldFrame[]).map(own)];
  if (method === "storeIntent") {
    const { keys, values } = given[1] as IndexChanges;
    const strings = ({ bytes, ends }: ByteStrings): ByteStrings => {
      const buffer = taken.get(ends.buffer as ArrayBuffer);
      return { ...own({ bytes }), ends: buffer === undefined ? ends.slice() : new Uint32Array(buffer) };
    };
    return [given[0], { keys: strings(keys), values: strings(values) }];
  }
  if (method !== "commit") return given;
  const { chunks, held, ...rest } = given[0] as Checkpoint;
  return [{ ...rest, chunks: chunks.map(own), held: held.map(own) }];
}

/** Files of a spool, each in one piece. */
function memorySpool(files: Map<string, Uint8Array>): Spool {
  const open = new Set<string>();
  return {
    append: (name, parts) => {
      assert(open.has(name) || !files.has(name), `${name} is there already`);
      open.add(name);
      files.set(name, Buffer.concat([files.get(name) ?? new Uint8Array(0), ...parts]));
    },
    seal: (name) => assert(open.delete(name), `${name} was never begun`),
    close: () => open.clear(),
    read: (name, place, length) => {
      return present(files.get(name), name).slice(place, place + length);
    },
    remove: (name) => {
      files.delete(name);
    },
    keepOnly: (names) => {
      for (const name of files.keys()) if (!names.has(name)) files.delete(name);
    },
  };
}
