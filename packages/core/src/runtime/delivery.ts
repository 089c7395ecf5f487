import { present } from "../assert.ts";
import type { Batch } from "../batch/batch.ts";
import { KeptArrays } from "../batch/arrays.ts";
import { decodeFrames, decodeFramesInto } from "../batch/frame.ts";
import { discard } from "../checkpoint/given-away.ts";
import type {
  CheckpointRecord,
  HeldFrame,
  Identity,
  SinkRecord,
  StoredIntent,
} from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import type {
  Committer,
  CommitterFactory,
  Delivered,
  KeyIndex,
  Marker,
  Staged,
  StageRequest,
} from "../connector.ts";
import { DataflowError, reasonOf, within } from "../error.ts";
import type { Json } from "../json.ts";
import type { Epoch } from "../stream.ts";
import { refuseForeign } from "./foreign.ts";
import { intentHash } from "./intent-hash.ts";

/** Frames, of 8 MiB at most, read from the state at once while staging. */
const FRAMES_AT_ONCE = 4;

/** What has just become durable or visible: where a crash means something else than a moment before. */
export type ProtocolStep =
  | "checkpoint stored"
  | "staged"
  | "intent stored"
  | "committed"
  | "delivery recorded";

/** Called behind each step; what it returns is waited for. For tests that stop or kill a run at one of them. */
export type OnStep = (step: ProtocolStep, node: string) => Promise<void>;

/** Builds committers by connector name. */
export type Connectors = Readonly<Record<string, CommitterFactory>>;

/** What one delivery showed. */
export interface Shown {
  readonly sink: string;
  readonly epoch: Epoch;
  readonly rows: number;
  readonly version: string;
}

/** What a sink is opened with. */
export interface SinkEnvironment {
  readonly state: StateFile;
  readonly identity: Identity;
  readonly connectors: Connectors;
  readonly directory: string;
  /** The code of the sink's spec in the plan that runs. */
  readonly code: unknown;
  /** The id that the plan says it had before. */
  readonly renamedFrom?: string | undefined;
  readonly onStep: OnStep;
}

/**
 * Builds the committer of a sink from what is stored of it; `muted` as in `CommitterContext`.
 * @throws DF_NO_CONNECTOR
 */
export async function openCommitter(
  record: SinkRecord,
  { state, identity, connectors, directory, code, renamedFrom }: SinkEnvironment,
  delivered: Delivered | undefined,
  muted = false,
): Promise<Committer> {
  const factory = connectors[record.connector];
  if (factory === undefined) {
    throw new DataflowError(
      "DF_NO_CONNECTOR",
      `Sink "${record.id}" needs the connector "${record.connector}", which this dataflow does not have. It has: ${Object.keys(connectors).join(", ")}.`,
    );
  }
  const formerIds = await state.formerIds(record.id);
  return factory.open(record.options, {
    pipeline: identity.pipeline,
    sink: record.id,
    // Also where the state is new: a target of another state is then known as that.
    formerIds: [...new Set([...formerIds, ...(renamedFrom === undefined ? [] : [renamedFrom])])],
    lineage: identity.lineage,
    directory,
    input: record.shape,
    delivered,
    index: keyIndex(state, record.id),
    code,
    muted,
    held: (through) => heldBatches(state, record.id, through),
  });
}

/** Makes the held rows of one sink visible. One call at a time. */
export class SinkDelivery {
  readonly id: string;
  readonly #state: StateFile;
  readonly #identity: Identity;
  readonly #committer: Committer;
  readonly #onStep: OnStep;
  #last: Delivered | undefined;

  private constructor(
    id: string,
    parts: {
      readonly state: StateFile;
      readonly identity: Identity;
      readonly committer: Committer;
      readonly onStep: OnStep;
    },
    last: Delivered | undefined,
  ) {
    this.id = id;
    this.#state = parts.state;
    this.#identity = parts.identity;
    this.#committer = parts.committer;
    this.#onStep = parts.onStep;
    this.#last = last;
  }

  /** Opens the committer of a sink from what is stored of it. @throws DF_NO_CONNECTOR */
  static async open(record: SinkRecord, environment: SinkEnvironment): Promise<SinkDelivery> {
    const { state, identity, onStep } = environment;
    const [last] = await state.deliveries(record.id, 1);
    const committer = await openCommitter(record, environment, last);
    return new SinkDelivery(record.id, { state, identity, committer, onStep }, last);
  }

  /** Content hash of the rows present in the target, and its version. */
  get last(): Delivered | undefined {
    return this.#last;
  }

  /** Creates or checks the target. */
  prepare(): Promise<void> {
    return this.#named(() => this.#committer.prepare());
  }

  /** Whether the target shows anything of this sink, of whatever lineage. */
  async isMarked(): Promise<boolean> {
    return (await this.#named(() => this.#committer.marker())) !== undefined;
  }

  /**
   * Refuses a target that does not continue this state, whose last checkpoint is `epoch`.
   * @throws DF_SINK_OTHER_LINEAGE, DF_SINK_AHEAD, DF_SINK_BEHIND
   */
  async check(
    intent: StoredIntent | undefined,
    epoch: Epoch = this.#identity.epoch,
  ): Promise<Marker | undefined> {
    const marker = await this.#named(() => this.#committer.marker());
    const deliveries = await this.#deliveriesFor(marker);
    refuseForeign(marker, { sink: this.id, identity: { ...this.#identity, epoch }, deliveries, intent });
    return marker;
  }

  /** The newest delivery, with those before it where the target shows one of them. */
  async #deliveriesFor(marker: Marker | undefined): Promise<readonly Delivered[]> {
    const newest = await this.#state.deliveries(this.id, 1);
    const isOlder = marker !== undefined && marker.epoch < (newest[0]?.epoch ?? 0);
    return isOlder ? this.#state.deliveries(this.id) : newest;
  }

  /** Finishes what an earlier process had decided. */
  async finish({ rows, intent }: StoredIntent): Promise<Shown> {
    const { marker } = intent;
    const { version, state } = await this.#named(() => this.#committer.commit(intent));
    await this.#onStep("committed", this.id);
    const delivered: Delivered = {
      epoch: marker.epoch,
      hash: marker.hash,
      contentHash: marker.contentHash,
      version,
      state,
    };
    await this.#state.recordDelivery({ sink: this.id, delivered, rows });
    this.#last = delivered;
    await this.#onStep("delivery recorded", this.id);
    return { sink: this.id, epoch: marker.epoch, rows, version };
  }

  /** Shows everything held up to the last checkpoint, whose frames `keep` is given. */
  async deliver(checkpoint: CheckpointRecord, keep?: (frame: Uint8Array) => void): Promise<Shown> {
    const { lineage, pipeline, ancestors } = this.#identity;
    const parent = ancestors.at(-1);
    const positions = positionsOf(checkpoint);
    const clock = clockOf(checkpoint);
    const read: HeldFrame[] | undefined = this.#committer.letsGo === true ? [] : undefined;
    const staged = await this.#stage({
      batches: heldBatches(this.#state, this.id, checkpoint.epoch, {
        keep,
        inPassing: this.#committer.readsInPassing,
        read,
      }),
      letGo: read && (() => discard(read.splice(0))),
      through: checkpoint.epoch,
      positions,
      clock: clock ?? Number.NEGATIVE_INFINITY,
    });
    await this.#onStep("staged", this.id);
    // A copy of this state may be running too: what it has delivered meanwhile must not be added to.
    const shown = await this.check(undefined, checkpoint.epoch);
    const open: Omit<Marker, "hash"> = {
      pipeline,
      lineage,
      ...(parent === undefined ? {} : { parent: { lineage: parent.lineage, epoch: parent.epoch } }),
      epoch: checkpoint.epoch,
      positions,
      live: liveOf(checkpoint),
      ...sourcesOf(checkpoint),
      ...(checkpoint.drained ? { drained: true } : {}),
      clock,
      contentHash: staged.contentHash,
    };
    const marker: Marker = { ...open, hash: intentHash(this.id, open, staged) };
    const stored: StoredIntent = {
      sink: this.id,
      rows: staged.rows,
      intent: { marker, follows: shown?.hash ?? null, manifest: staged.manifest },
    };
    await this.#state.storeIntent(stored, staged.index);
    await this.#onStep("intent stored", this.id);
    return this.finish(stored);
  }

  close(): Promise<void> {
    return this.#committer.close();
  }

  /** What does not fit a target that another copy of this state writes to is told as that. */
  async #stage(request: StageRequest): Promise<Staged> {
    try {
      return await this.#named(() => this.#committer.stage(request));
    } catch (thrown) {
      await this.check(undefined, request.through);
      throw thrown;
    }
  }

  /** Errors of a store know paths; the person who reads them knows sinks. */
  async #named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw reasonOf(thrown).includes(`"${this.id}"`) ? thrown : within(`Sink "${this.id}"`, thrown);
    }
  }
}

/** How held rows are read. */
interface Reading {
  /** Given each frame, to be kept. */
  readonly keep?: ((frame: Uint8Array) => void) | undefined;
  /** See `Committer.readsInPassing`. */
  readonly inPassing?: boolean | undefined;
  /** Is given the frames of which all batches were given, and keeps them, unless others do. */
  readonly read?: HeldFrame[] | undefined;
}

/** What a sink holds up to an epoch, in the order it was written. */
export async function* heldBatches(
  state: StateFile,
  sink: string,
  through: Epoch,
  { keep, inPassing = false, read }: Reading = {},
): AsyncGenerator<Batch> {
  // What is read in passing is done with when the next frame is asked for.
  const arrays = inPassing && keep === undefined ? new KeptArrays() : undefined;
  for (let after = 0; ;) {
    const frames = await state.heldFrames(sink, through, after, FRAMES_AT_ONCE);
    for (const frame of frames) {
      keep?.(frame.bytes);
      if (arrays === undefined) {
        yield* decodeFrames(frame.bytes);
        if (keep === undefined) read?.push(frame);
      } else {
        arrays.begin();
        yield* decodeFramesInto(frame.bytes, arrays);
        discard([frame]);
      }
    }
    if (frames.length < FRAMES_AT_ONCE) return;
    after += frames.length;
  }
}

/** Positions by source and split: what a marker carries. */
function positionsOf({ splits }: CheckpointRecord): Json {
  const known = splits.flatMap(({ source, split, position }) =>
    position === undefined ? [] : [{ source, entry: [split, position] as const }],
  );
  const bySource = Map.groupBy(known, ({ source }) => source);
  return Object.fromEntries(
    [...bySource].map(([source, all]) => [source, Object.fromEntries(all.map(({ entry }) => entry))]),
  );
}

/** The splits that are neither ended nor idle, by source. */
function liveOf({ splits }: CheckpointRecord): Json {
  const bySource = Map.groupBy(
    splits.filter(({ status }) => status === "live"),
    ({ source }) => source,
  );
  return Object.fromEntries([...bySource].map(([source, all]) => [source, all.map(({ split }) => split)]));
}

/** What the sources gave to the steps behind them, where the checkpoint knows it. */
function sourcesOf({ sources }: CheckpointRecord): { readonly sources?: Json } {
  if (sources === undefined) return {};
  return { sources: Object.fromEntries(Object.entries(sources).map(([id, at]) => [id, { ...at }])) };
}

/** The pipeline's clock: the lowest of its nodes', µs; null before all have one. */
function clockOf({ clocks }: CheckpointRecord): number | null {
  const all = Object.values(clocks);
  return all.length === 0 || all.includes(null)
    ? null
    : Math.min(...all.map((clock) => present(clock, "clock")));
}

function keyIndex(state: StateFile, sink: string): KeyIndex {
  return {
    get: (keys) => state.indexGet(sink, keys),
    version: () => state.indexVersion(sink),
    decided: () => state.indexDecided(sink),
    rebuild: async (entries, version) => {
      await state.indexClear(sink);
      for await (const some of entries) await state.indexAdd(sink, some);
      await state.indexFinish(sink, version);
    },
  };
}
