/** The state of simulated processes: the real one, in a database and files in memory that a host keeps. */
import Database from "better-sqlite3";
import { assert, DataflowError, present } from "@df/core";
import { carriersOf, givenAway } from "@df/core/checkpoint/given-away";
import { SqliteState } from "@df/core/checkpoint/sqlite-state";
import type { Spool } from "@df/core/checkpoint/spool";
import { STATE_METHODS, type StateFile } from "@df/core/checkpoint/state-file";
import type { Phase, Process, World } from "../world.ts";

type Method = keyof SqliteState;

const PHASE_OF: Partial<Record<Method, Phase>> = {
  commit: "epoch transaction",
  storeIntent: "intent transaction",
  recordDelivery: "delivered transaction",
};

/** Some epochs of a run hold more than this, some less: both ways to hold rows are taken. */
const SPOOLED_BYTES_MIN = 2048;

/** What lies in a state directory at one moment. */
export interface StateImage {
  readonly db: Buffer;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A state directory: its database and files, and who has it open. */
export class StateDirectory {
  db: Database.Database;
  #files: Map<string, Uint8Array>;
  /** Two processes may have it open: the lock of a network file system. */
  unlocked = false;
  /** An older image, for who restores it. */
  backup: StateImage | undefined;
  #holder: Process | undefined;

  constructor(image?: StateImage) {
    this.db = new Database(image?.db ?? ":memory:");
    this.#files = new Map(image?.files);
  }

  /** What lies on the disk now. */
  image(): StateImage {
    return { db: this.db.serialize(), files: new Map(this.#files) };
  }

  /** Puts an older image in its place. Nobody may have it open. */
  restore({ db, files }: StateImage): void {
    this.db = new Database(db);
    this.#files = new Map(files);
    this.#holder = undefined;
  }

  /** The state as a process sees it, through the world. */
  open(world: World, process: Process, pipeline: string): StateFile {
    let state: SqliteState | undefined;
    const answer = (method: Method, given: readonly unknown[]): unknown => {
      if (method === "close") {
        if (this.#holder === process) this.#holder = undefined;
        return undefined;
      }
      state ??= this.#opened(process, pipeline);
      return (state[method] as (...all: readonly unknown[]) => unknown).apply(state, [...given]);
    };
    const methods = STATE_METHODS.map((method) => [
      method,
      (...given: unknown[]) => {
        // What is given away belongs to the state from then on.
        const carried = givenAway(carriersOf(method, given));
        const sent = carried.length > 0 ? structuredClone(given, { transfer: carried }) : given;
        return world.call(process, `state.${method}`, PHASE_OF[method] ?? "other", () =>
          answer(method, sent),
        );
      },
    ]);
    return Object.fromEntries(methods) as StateFile;
  }

  #opened(process: Process, pipeline: string): SqliteState {
    const holder = this.#holder;
    if (holder !== undefined && holder !== process && !holder.dead && !this.unlocked) {
      throw new DataflowError("DF_ALREADY_RUNNING", "Another process is using the simulated state.");
    }
    this.#holder = process;
    return new SqliteState("simulated", pipeline, {
      open: () => this.db,
      spool: memorySpool(this.#files),
      spooledBytesMin: SPOOLED_BYTES_MIN,
    });
  }
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
