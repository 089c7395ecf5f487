import { randomUUID } from "node:crypto";
import { DataflowError } from "@df/core";

/** A file as a listing shows it. */
export interface StoredObject {
  /** Relative to the store's root, segments divided by "/". */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** An object that is being written, part by part. Whoever sees it, sees all of it, durably, once it is finished. */
export interface ObjectWriter {
  /** Adds bytes, whose memory may be used again once this settles. */
  write(bytes: Uint8Array): Promise<void>;
  /** Gives the object its name. */
  finish(): Promise<void>;
  /** Gives it up, unless it is finished. */
  abandon(): Promise<void>;
}

/** What is known of an object's bytes without having them. */
export interface Digest {
  /** Bytes. */
  readonly size: number;
  /** CRC-32. */
  readonly crc32: number;
}

/**
 * Where tables lie: a directory, later a bucket. Paths are relative, divided by "/", without empty, "." and ".."
 * segments (@throws DF_PATH). What fails for reasons of the system throws DF_STORE_IO, and its outcome is then unknown.
 */
export interface ObjectStore {
  /** The whole object; undefined when there is none. */
  get(path: string): Promise<Uint8Array | undefined>;
  /** What the whole object would show, in the memory of a small part of it; undefined when there is none. */
  digest(path: string): Promise<Digest | undefined>;
  /** Begins an object under a name never used before. */
  create(path: string): Promise<ObjectWriter>;
  /**
   * Stores an object durably: whoever sees it, sees all of it. Replaces an older one, so use names never used before.
   */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Stores an object unless the name is taken; of racing writers exactly one gets true. The compare-and-swap of all
   * commits. After false, what lies there is durable too.
   */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * Gives an object a new name, durably; false when there is none of either name. Done again it changes nothing: the
   * old name is gone, the new one is there.
   */
  move(from: string, to: string): Promise<boolean>;
  /** Objects whose path begins with `prefix`, deeper ones included, ascending by the bytes of their path. */
  list(prefix: string): Promise<StoredObject[]>;
  /** Removes an object; does nothing when there is none. A power failure may bring it back. */
  delete(path: string): Promise<void>;
}

/** Writers that race for one name in the self-test. */
const RACERS = 8;

/**
 * Races writers for one new name and looks what became of it: a store that lets two of them win would lose commits.
 * Leaves nothing behind.
 * @throws DF_STORE unless exactly one wins and its bytes are what is stored
 */
export async function raceTest(store: ObjectStore): Promise<void> {
  const path = `_race-${randomUUID()}`;
  try {
    const won = await Promise.all(
      Array.from({ length: RACERS }, (_, writer) => store.putIfAbsent(path, Uint8Array.of(writer))),
    );
    const winners = won.flatMap((one, writer) => (one ? [writer] : []));
    const stored = await store.get(path);
    if (winners.length !== 1 || stored?.length !== 1 || stored[0] !== winners[0]) {
      throw new DataflowError(
        "DF_STORE",
        `This store cannot keep tables: of ${RACERS} writers that raced for one new name ${winners.length} were told that ` +
          `they won, and the object holds ${stored === undefined ? "nothing" : `the bytes of writer ${stored[0]}`}. ` +
          "Use a store whose conditional writes hold (a local disk, or S3 with If-None-Match).",
      );
    }
  } finally {
    await store.delete(path);
  }
}
