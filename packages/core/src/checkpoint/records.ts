/** What a checkpoint and a delivery write down. */
import type { Delivered, Intent } from "../connector.ts";
import type { Json } from "../json.ts";
import type { Migrated } from "../migration.ts";
import type { Outcome } from "../operator.ts";
import type { Chunk } from "../state/state-store.ts";
import type { Epoch, Shape } from "../stream.ts";
import type { Time } from "../time.ts";
import type { Adopted } from "./adoption.ts";
import type { Ancestor } from "./ancestors.ts";

/** Whose state this is, and how far it has come. */
export interface Identity {
  readonly pipeline: string;
  /** A UUID: new with each new state, never copied. */
  readonly lineage: string;
  /** The lineages that this one was begun from, the oldest first. */
  readonly ancestors: readonly Ancestor[];
  /** Raised by each process that opens the state: an older one can write no more. */
  readonly owner: number;
  readonly epoch: Epoch;
  /** The plan's fingerprint at the last checkpoint; undefined before the first. */
  readonly fingerprint: string | undefined;
  readonly drained: boolean;
  /** The targets that it catches up with, so that it may not run; none when it has. */
  readonly adopts: readonly Adopted[];
}

/** A split's name among those of all sources. */
export function splitKey(source: string, split: string): string {
  return `${source}\n${split}`;
}

/** The splits of a checkpoint, none before the first, by `splitKey`. */
export function splitsByKey(record: CheckpointRecord | undefined): Map<string, SplitRecord> {
  return new Map(record?.splits.map((split) => [splitKey(split.source, split.split), split]));
}

/** A time for the record, which has no infinity: −∞ is null, and +∞, a drained clock, the largest finite time. */
export function storedTime(time: Time): number | null {
  if (Number.isFinite(time)) return time;
  return time > 0 ? Number.MAX_SAFE_INTEGER : null;
}

export type SplitStatus = "live" | "idle" | "ended";

/** A split at a barrier. */
export interface SplitRecord {
  readonly source: string;
  readonly split: string;
  /** Absent before its first row. */
  readonly position?: Json | undefined;
  /** Largest event time so far, µs; null before the first row. */
  readonly timeMax: number | null;
  /** The clock of its last row or mark, µs; null for −∞. */
  readonly clock: number | null;
  /** Highest mark: rows behind it have at least this clock. */
  readonly lift: number | null;
  readonly status: SplitStatus;
}

/**
 * A source at a barrier, all of its splits together: what it lets the steps behind it know. Its splits alone do not
 * say it: at a start one that had ended holds it back until it was asked whether it has grown.
 */
export interface SourceRecord {
  /** µs; null for −∞. */
  readonly clock: number | null;
  readonly status: SplitStatus;
}

/** Counts of one node since the pipeline first started. */
export interface LedgerEntry {
  readonly node: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly latePartial: number;
  /** Rows held without an outcome, at this moment. */
  readonly buffered: number;
  /** Of a source: the columns whose type and range were checked. Syntax and presence are checked for all. */
  readonly checked?: readonly string[] | undefined;
}

/** What holds the clock of a step back. */
export type HeldBy =
  /** A split that is read ("split"), or the furthest of those that all have ended ("end"). */
  | {
      readonly kind: "split" | "end";
      readonly source: string;
      readonly split: string;
      /** Its own clock, µs; null before its first row. */
      readonly clock: Time | null;
      /** Microseconds that it is behind the furthest split of all sources of the step; null before its first row. */
      readonly behind: number | null;
      /** Microseconds of the wall clock since it last had rows, or was found. */
      readonly silent: number;
      /** The option of its source, µs. */
      readonly idleTimeout: number | null;
      /** The event time that a row of it must reach so that the step gives something; null where it is not known. */
      readonly needs: Time | null;
    }
  /** A step before this one that still holds rows. */
  | { readonly kind: "step"; readonly node: string }
  /** Every split is idle, or there is none. */
  | { readonly kind: "silence" };

/** A step that holds something until its clock has passed it, and what its clock waits for. */
export interface Waiting {
  readonly node: string;
  readonly windows: number;
  readonly sessions: number;
  /** Rows without an outcome yet. */
  readonly rows: number;
  /** Its clock, µs, that of its inputs together; null before it has one. */
  readonly clock: Time | null;
  /** The clock at which the first of it is over, µs; null where the step does not say. */
  readonly due: Time | null;
  readonly heldBy: HeldBy;
}

/** The part of a checkpoint that is one JSON text. */
export interface CheckpointRecord {
  readonly epoch: Epoch;
  readonly splits: readonly SplitRecord[];
  /** Last clock of each step and sink, µs; null for −∞. In states of older versions those of sources are here, too. */
  readonly clocks: Readonly<Record<string, number | null>>;
  /** Absent in states of older versions. */
  readonly sources?: Readonly<Record<string, SourceRecord>> | undefined;
  readonly ledger: readonly LedgerEntry[];
  /** What steps waited for when the record was made: told to people, never read back. */
  readonly waiting?: readonly Waiting[] | undefined;
  readonly drained: boolean;
  /** Parameters of the run that wrote it, as `Plan.params`; absent in states of older versions. */
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Functions of the user that have brought state over; absent in states of older versions. */
  readonly migrated?: Migrated | undefined;
  /** Hashes of its lambdas by node id, see `lambdaHashes`; absent in states of older versions. */
  readonly lambdas?: Readonly<Record<string, string>> | undefined;
}

/** The last clock of each node, sources among them, µs; null for −∞. */
export function clocksAt({
  clocks,
  sources = {},
}: CheckpointRecord): Readonly<Record<string, number | null>> {
  const ofSources = Object.entries(sources).map(([source, { clock }]) => [source, clock] as const);
  return { ...clocks, ...Object.fromEntries(ofSources) };
}

/** Where a split's clock was lifted, and to what, µs. */
export interface Mark {
  readonly source: string;
  readonly split: string;
  readonly position: Json;
  readonly clock: number;
}

/** Rows as bytes, see batch/frame.ts. */
export interface Frame {
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** Rows for a sink, from one of its shards. */
export interface PlacedFrame extends Frame {
  readonly sink: string;
  readonly shard: number;
}

/** What an epoch holds: number `seq` of its sink and shard. */
export interface HeldFrame extends PlacedFrame {
  readonly seq: number;
}

/** What went to the state ahead of the checkpoint of its epoch, see `StateFile.hold`. */
export interface SentFrame {
  readonly sink: string;
  readonly rows: number;
  /** Their number. */
  readonly bytes: number;
}

/** A piece of the keyed state of a node. */
export interface NodeChunk extends Chunk {
  readonly node: string;
}

/** What is stored of a sink, so that its work can be finished without the pipeline file. */
export interface SinkRecord {
  readonly id: string;
  readonly connector: string;
  readonly options: Json;
  readonly shape: Shape;
}

/** Everything of an epoch: durable in one transaction, or not at all. */
export interface Checkpoint {
  readonly record: CheckpointRecord;
  readonly fingerprint: string;
  readonly chunks: readonly NodeChunk[];
  readonly marks: readonly Mark[];
  readonly held: readonly HeldFrame[];
  /** The frames before `held`, which the state has already. */
  readonly ahead: readonly SentFrame[];
  readonly sinks: readonly SinkRecord[];
}

/** An intent as it lies in the state until its delivery is recorded. `rows`: rows it will show. */
export interface StoredIntent {
  readonly sink: string;
  readonly rows: number;
  readonly intent: Intent;
}

/** The end of a delivery. */
export interface Delivery {
  readonly sink: string;
  readonly delivered: Delivered;
  readonly rows: number;
}

/** What a sink still has to show. */
export interface Undelivered {
  readonly sink: string;
  readonly rows: number;
  readonly bytes: number;
}
