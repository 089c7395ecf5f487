/** The state of simulated processes: the real one, in a database in memory that a host keeps. */
import Database from "better-sqlite3";
import { DataflowError } from "@df/core";
import { carriersOf, givenAway } from "@df/core/checkpoint/given-away";
import type { Checkpoint } from "@df/core/checkpoint/records";
import { SqliteState } from "@df/core/checkpoint/sqlite-state";
import { STATE_METHODS, type StateFile } from "@df/core/checkpoint/state-file";
import type { Phase, Process, World } from "../world.ts";

type Method = keyof SqliteState;

const PHASE_OF: Partial<Record<Method, Phase>> = {
  commit: "epoch transaction",
  storeIntent: "intent transaction",
  recordDelivery: "delivered transaction",
};

/** A state directory: its database, and who has it open. */
export class StateDirectory {
  db: Database.Database;
  /** Two processes may have it open: the lock of a network file system. */
  unlocked = false;
  /** An older image, for who restores it. */
  backup: Buffer | undefined;
  #holder: Process | undefined;

  constructor(image?: Buffer) {
    this.db = new Database(image ?? ":memory:");
  }

  /** What lies on the disk now. */
  image(): Buffer {
    return this.db.serialize();
  }

  /** Puts an older image in its place. Nobody may have it open. */
  restore(image: Buffer): void {
    this.db = new Database(image);
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
        // What is given to a commit belongs to the state from then on.
        const sent =
          method === "commit"
            ? structuredClone(given, { transfer: givenAway(carriersOf(given[0] as Checkpoint)) })
            : given;
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
    return new SqliteState("simulated", pipeline, () => this.db);
  }
}
