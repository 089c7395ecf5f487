/**
 * The contract of sources and sinks. The runtime holds the rows of an epoch, for all sinks alike, as frames in the
 * state; a connector brings the `Committer`, one per sink, which makes them visible. Nothing prepared is held open in
 * the other system: what is decided lies in our state as an `Intent`, and the target carries a `Marker` that is written
 * in the same compare-and-swap as the data.
 */
import type { Batch, ChangeMode } from "./batch/batch.ts";
import { type ByteStrings, NO_STRINGS } from "./batch/byte-strings.ts";
import type { Column } from "./batch/column.ts";
import type { Json } from "./json.ts";
import type { Schema } from "./schema/schema.ts";
import type { Epoch, Shape } from "./stream.ts";
import type { Time } from "./time.ts";

// ── Sources ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A part of a source that has an order of its own: a file, a Kafka partition. Ids are stable over restarts. */
export interface Split {
  readonly id: string;
}

/** Where the next read of a split begins. */
export type Position = Json;

/** A source as the plan knows it: plain data and a way to open it. */
export interface SourceSpec {
  /** "files", "kafka". */
  readonly name: string;
  /** All columns it can deliver. */
  readonly schema: Schema;
  readonly options: Json;
  /** `events` append, `changes` carry updates and deletes. */
  readonly rows: "events" | "changes";
  /** Whether it ends: only then does the end of input close windows without --drain. */
  readonly bounded: boolean;
  /** What reading again shows: "none" is a source that gives each row once, see `LiveSource`. */
  readonly history: "full" | "compacted" | "inbox" | "none";
  open(context: SourceContext): Promise<Source>;
}

/** What the runtime gives a source when it opens it. */
export interface SourceContext {
  /** The columns to decode, a subset of the spec's in its order. */
  readonly schema: Schema;
  /** Keep reading what grows and appears, instead of ending where the input ends now. */
  readonly follow: boolean;
  readonly generate: boolean;
  /** Directory the command runs in. */
  readonly directory: string;
  /** What a source itself keeps, as an inbox does, may lie on a network or memory file system too. Default: false. */
  readonly unsafeStateFs?: boolean | undefined;
}

/** An open source: one for all shards. */
export interface Source {
  /** The splits there are now, in a stable order. Called at the start, and every second with `follow`. */
  splits(): Promise<readonly Split[]>;
  /** Reads a split from a position on, from its beginning without one. @throws DF_POSITION if it is there no more */
  read(split: Split, position: Position | undefined): SplitReader;
  /** How another thread reads a split as `read` does. Without it only this one can. */
  readonly elsewhere?: ((split: Split) => Elsewhere) | undefined;
  /** Whether a position is before another one of its split. Without it, a split is read to a position row by row. */
  isBefore?(position: Position, other: Position): boolean;
  /** Everything before the positions is delivered to every sink. */
  committed?(epoch: Epoch, positions: ReadonlyMap<string, Position>): Promise<void>;
  close(): Promise<void>;
}

/** What it takes to read a split on another thread: plain data, without functions. */
export interface Elsewhere {
  /** The URL of a module that exports `openReaders`. */
  readonly module: string;
  /** What the splits of the source have in common: one and the same object for all. */
  readonly shared: unknown;
  readonly split: unknown;
}

/** What such a module exports: given what splits have in common, it opens readers as `Source.read` does. */
export type OpenReaders<Shared, Own> = (
  shared: Shared,
) => (split: Own, position: Position | undefined) => SplitReader;

/** Reads one split, in its order. Used by one caller at a time. */
export interface SplitReader {
  /**
   * The next rows, `rowsMax` records at most, at once where they are at hand. "idle": nothing now, ask again. "end":
   * nothing will come, unless the split grows. What it gives is written over by the next call.
   */
  poll(rowsMax: number): Answer | Promise<Answer>;
  /**
   * Asks for nothing more from now on: what has been given is still polled, until "idle". A clean stop calls it where
   * rows that were given and not taken would be lost; such a reader answers each poll within a second.
   */
  stop?(): void;
  close(): Promise<void>;
}

/** What a poll answers. */
export type Answer = Polled | "idle" | "end";

/** What a poll found: at most `BATCH_ROWS_MAX` rows decoded, in log order, and those that could not be. */
export interface Polled {
  readonly length: number;
  /** One per field of `SourceContext.schema`. */
  readonly columns: readonly Column[];
  /** Changes only: +1 or −1 a row. */
  readonly diffs?: Int32Array | undefined;
  readonly positions: Float64Array;
  readonly raw?:
    | { readonly starts: Int32Array; readonly ends: Int32Array; readonly bytes: Uint8Array }
    | undefined;
  readonly invalid: readonly InvalidRecord[];
  /** Where the next poll begins. */
  readonly next: Position;
}

/** A record that could not be decoded. */
export interface InvalidRecord {
  readonly position: number;
  readonly raw: Uint8Array;
  readonly reason: string;
}

// ── Sinks ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How often a sink may show a row. */
export type Guarantee = "exactly once" | "at least once";

/** A sink as the plan knows it: plain data and a check. */
export interface SinkSpec {
  /** The connector that can build the committer again from `options` alone: "delta". */
  readonly connector: string;
  /** Self-contained, without code: an intent can be finished after the pipeline file has changed. */
  readonly options: Json;
  /** Names of those options that say how rows are written, and not which or where: they may change from run to run. */
  readonly changeable?: readonly string[] | undefined;
  /** What only the process has that built the pipeline, such as a function. Never stored. */
  readonly code?: unknown;
  readonly changes: readonly ChangeMode[];
  /** What it writes to: equal text is one and the same target, and a plan may have one sink for it. */
  readonly target?: string | undefined;
  readonly guarantee: Guarantee;
  /** Refuses what it cannot store. @throws DataflowError naming column and remedy */
  check(input: Shape): void;
}

/** Builds committers by the name of their connector. */
export interface CommitterFactory {
  open(options: Json, context: CommitterContext): Promise<Committer>;
}

/** What a committer is given when it opens, by a run or by the recovery after one. */
export interface CommitterContext {
  readonly pipeline: string;
  readonly sink: string;
  /** Ids that the sink had before: its target may know it by one of them. */
  readonly formerIds?: readonly string[] | undefined;
  readonly lineage: string;
  /** Directory that relative paths of the options start from. */
  readonly directory: string;
  readonly input: Shape;
  /** What the last delivery of this sink recorded; undefined before the first. */
  readonly delivered?: Delivered | undefined;
  /** Rows of the key index, for keyed sinks. */
  readonly index: KeyIndex;
  /**
   * Nothing is to be shown: what is staged is only asked for the content hash of all rows that would then be present,
   * those that `delivered` counts and the staged ones. No data file is written, and none is in its manifest.
   */
  readonly muted?: boolean | undefined;
  /** The spec's, if the pipeline that runs has this sink. */
  readonly code?: unknown;
  /**
   * The rows of the epochs up to `through` as `stage` was given them, in the same batches, again and again until the
   * delivery is recorded: for a target that keeps no copy of what is staged, or is staged in two passes.
   */
  held(through: Epoch): AsyncIterable<Batch>;
}

/** Where each key of a keyed target lies. Changed only in the transaction that records a delivery. */
export interface KeyIndex {
  /** Values of the keys, in their order; empty where there is none. No key may come twice. */
  get(keys: ByteStrings): Promise<ByteStrings>;
  /** Replaces the whole index: it is a cache of the table and can be rebuilt from it. `version` as in Delivered. */
  rebuild(entries: AsyncIterable<IndexChanges>, version: string): Promise<void>;
  /** The table version the index knows. */
  version(): Promise<string | undefined>;
  /** What the intent that is stored changes, once its delivery is recorded; in any order. */
  decided(): Promise<IndexChanges>;
}

/** Key i gets value i, as many of both; an empty value removes its key. No key comes twice. */
export interface IndexChanges {
  readonly keys: ByteStrings;
  readonly values: ByteStrings;
}

/** None. */
export const NO_CHANGES: IndexChanges = { keys: NO_STRINGS, values: NO_STRINGS };

/** What proves, inside the target, which epochs it shows. */
export interface Marker {
  readonly pipeline: string;
  readonly lineage: string;
  /** The lineage that this one was begun from, and the last epoch that both have; absent where it began empty. */
  readonly parent?: { readonly lineage: string; readonly epoch: Epoch };
  readonly epoch: Epoch;
  /** Hash of the intent that was committed. */
  readonly hash: string;
  readonly positions: Json;
  /** By source, the splits that held its clock back: neither ended nor idle. Absent in markers of older versions. */
  readonly live?: Json;
  /**
   * By source, the clock that it had given to the steps behind it, and whether it held theirs back: `SourceRecord`.
   * Absent in markers of older versions.
   */
  readonly sources?: Json;
  /** The end of the input has closed all windows. */
  readonly drained?: true;
  readonly clock: number | null;
  /** Order-free hash of the rows present in the target: 32 hex digits. */
  readonly contentHash: string;
}

/** Decided, not yet visible: everything that `commit` needs, and nothing that only the pipeline file knows. */
export interface Intent {
  readonly marker: Marker;
  /** Hash of the marker that the target showed when this was decided, null for none: see `isShown` in shown.ts. */
  readonly follows: string | null;
  /** The committer's own: files with sizes and checksums, statistics, keys. */
  readonly manifest: Json;
}

/** What is known of a sink's last delivery. */
export interface Delivered {
  readonly epoch: Epoch;
  readonly hash: string;
  readonly contentHash: string;
  /** Version of the table as the target counts it. */
  readonly version: string;
  /** The committer's own record: what it needs to know its table again. */
  readonly state: Json;
}

/** What a delivery shows: everything held up to an epoch. */
export interface StageRequest {
  /** All rows of the epochs up to `through`, in the order they were written, shard by shard. */
  readonly batches: AsyncIterable<Batch>;
  /**
   * To be called by a committer that `letsGo` once no batch that was given so far is read any more: gives their memory
   * back, which spares the collector.
   */
  readonly letGo?: (() => void) | undefined;
  readonly through: Epoch;
  readonly positions: Json;
  readonly clock: Time;
}

/** What staging prepared: the runtime completes it to an intent. */
export interface Staged {
  readonly manifest: Json;
  readonly index: IndexChanges;
  /** Of all rows present once this is committed. */
  readonly contentHash: string;
  readonly rows: number;
}

/** Makes a sink's rows visible, exactly once. One per sink, used by one caller at a time. */
export interface Committer {
  /**
   * It reads a batch that is staged no more once it has asked for the next one: its memory is then given back, which
   * spares the collector. Absent: it may keep them.
   */
  readonly readsInPassing?: true;
  /** It calls `StageRequest.letGo`. Absent: the collector finds out by itself what is read no more. */
  readonly letsGo?: boolean;
  /** Creates the target with its schema if it is absent, unless it is muted; checks it if it is there. */
  prepare(): Promise<void>;
  /**
   * The marker of this pipeline's sink, valid on the target's present history.
   * @throws DF_SINK_ROLLED_BACK, DF_SINK_REPLACED when the target's owner has changed its history
   */
  marker(): Promise<Marker | undefined>;
  /** Writes rows as files under names never used before, durable but not visible. */
  stage(request: StageRequest): Promise<Staged>;
  /**
   * Shows what is staged, with its marker, in one compare-and-swap. Idempotent: reads the marker first, and again after
   * every conflict or unknown outcome. Returns the version that shows it.
   */
  commit(intent: Intent): Promise<{ readonly version: string; readonly state: Json }>;
  close(): Promise<void>;
}
