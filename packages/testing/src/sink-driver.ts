/** Delivers to a committer as the engine does, and remembers what the engine would have made durable. */
import { createHash } from "node:crypto";
import {
  canonicalJson,
  type Batch,
  type Committer,
  type CommitterFactory,
  type Delivered,
  type Intent,
} from "@df/core";
import type { Json, Marker, Shape } from "@df/core";
import { scramble } from "./arrays.ts";
import type { Crashes } from "./crashes.ts";
import { MemoryKeyIndex } from "./key-index.ts";
import { encodeRows, type LogRow } from "./log.ts";

/** A committer's factory and what it is opened with. */
export interface DriverOptions {
  readonly factory: CommitterFactory;
  readonly options: Json;
  readonly directory: string;
  readonly shape: Shape;
  readonly crashes: Crashes;
  readonly lineage?: string | undefined;
  /** Rows of a batch at most. */
  readonly batchRows: number;
  /** The code of the sink's spec. */
  readonly code?: unknown;
  /** Only asks what would be shown, see `CommitterContext`. */
  readonly muted?: boolean;
  /** That of another driver. Default: an empty one. */
  readonly index?: MemoryKeyIndex;
}

/** A delivery's number and its rows. */
export interface Delivery {
  readonly epoch: number;
  readonly rows: readonly LogRow[];
}

/** The engine's side of one sink: survives crashes, as its state file would. */
export class SinkDriver {
  readonly #options: DriverOptions;
  readonly index: MemoryKeyIndex;
  delivered: Delivered | undefined;
  intent: Intent | undefined;
  #committer: Committer | undefined;
  /** What the state holds: the rows that were staged last. */
  #held: readonly LogRow[] = [];

  constructor(options: DriverOptions) {
    this.#options = options;
    this.index = options.index ?? new MemoryKeyIndex();
  }

  /** A committer as the engine opens it at a start: prepared, its marker read. */
  async open(): Promise<Committer> {
    const { factory, options, directory, shape, code, muted, crashes, lineage = "lineage-a" } = this.#options;
    const committer = await factory.open(options, {
      pipeline: "pipeline",
      sink: "sink",
      lineage,
      directory,
      input: shape,
      delivered: this.delivered,
      index: this.index,
      code,
      muted,
      held: () => this.#batches(this.#held),
    });
    crashes.point();
    await committer.prepare();
    crashes.point();
    await committer.marker();
    crashes.point();
    return committer;
  }

  /** Finishes what was decided, then delivers. A crash leaves what was durable; call it again. */
  async deliver(delivery: Delivery): Promise<void> {
    const { crashes } = this.#options;
    this.#committer ??= await this.open();
    if (this.intent !== undefined) await this.commit(this.#committer, this.intent);
    if ((this.delivered?.epoch ?? 0) >= delivery.epoch) return;
    const intent = await this.stage(this.#committer, delivery);
    crashes.point();
    this.intent = intent;
    crashes.point();
    await this.commit(this.#committer, intent);
  }

  /** Stages rows and makes the intent of it, which is not yet stored. */
  async stage(committer: Committer, { epoch, rows }: Delivery): Promise<Intent> {
    const { lineage = "lineage-a" } = this.#options;
    this.#held = rows;
    const positions = { split: epoch };
    const given: Batch[] = [];
    const batches = this.#batches(rows, committer.readsInPassing, given);
    const letGo = committer.letsGo === true ? (): void => given.splice(0).forEach(scramble) : undefined;
    const staged = await committer.stage({ batches, letGo, through: epoch, positions, clock: epoch * 1000 });
    const hash = createHash("sha256")
      .update(canonicalJson([lineage, staged.manifest]))
      .digest("hex");
    const marker: Marker = {
      pipeline: "pipeline",
      lineage,
      epoch,
      hash,
      positions,
      clock: epoch * 1000,
      contentHash: staged.contentHash,
    };
    // Through JSON, since that is how the engine keeps it.
    const manifest = JSON.parse(JSON.stringify(staged.manifest)) as Json;
    const follows = (await committer.marker())?.hash ?? null;
    this.index.decide(staged.index);
    return { marker, follows, manifest };
  }

  /** Commits and records the delivery. */
  async commit(committer: Committer, intent: Intent): Promise<void> {
    const { version, state } = await committer.commit(intent);
    this.#options.crashes.point();
    const { epoch, hash, contentHash } = intent.marker;
    this.delivered = { epoch, hash, contentHash, version, state };
    this.index.settle(version);
    this.intent = undefined;
    this.#options.crashes.point();
  }

  /** The process ends: the next delivery opens a committer anew. */
  async stop(): Promise<void> {
    const committer = this.#committer;
    this.#committer = undefined;
    await committer?.close();
  }

  /** Those that may be kept are added to `given`. */
  async *#batches(rows: readonly LogRow[], inPassing = false, given: Batch[] = []): AsyncIterable<Batch> {
    const { shape, batchRows } = this.#options;
    const { schema, change, key } = shape;
    for (let start = 0; start < rows.length; start += batchRows) {
      const batch = encodeRows({ schema, change, key }, rows.slice(start, start + batchRows));
      if (!inPassing) given.push(batch);
      yield batch;
      if (inPassing) scramble(batch);
    }
  }
}
