import type { CheckpointRecord, Undelivered } from "../checkpoint/records.ts";
import { DataflowError } from "../error.ts";
import type { SinkGuarantee } from "../plan/labels.ts";
import type { SinkNode } from "../plan/plan.ts";
import type { Epoch } from "../stream.ts";
import type { WallClock } from "./clock-port.ts";
import { closeAll } from "./closing.ts";
import type { Shown, SinkDelivery } from "./delivery.ts";
import type { Readers } from "./readers.ts";
import type { SinkStatus } from "./report.ts";

/** Undelivered bytes of one sink at which sources stop, as a multiple of its `commitEvery.bytes`. */
const CROWDED_AT = 4;

/** A sink of the plan, and whether two runs give it the same rows. */
interface PlannedSink {
  readonly node: SinkNode;
  readonly comparable: boolean;
  readonly guarantee: SinkGuarantee;
}

interface Lane {
  readonly delivery: SinkDelivery;
  readonly commitEvery: SinkNode["commitEvery"];
  readonly planned: PlannedSink;
  /** Held in the state and not yet shown. */
  bytes: number;
  rows: number;
  /** Wall clock, ms: when the last delivery began. */
  at: number;
  running: Promise<void> | undefined;
  /** Epochs whose rows are held and not yet shown. */
  waiting: Epoch[];
  shownRows: number;
}

/** Decides when each sink delivers. Sinks deliver beside each other; each has one delivery at a time. */
export class Deliveries {
  readonly #lanes = new Map<string, Lane>();
  readonly #clock: WallClock;
  readonly #onShown: (shown: Shown) => void;
  readonly #readers: Readers;
  #failure: { readonly error: unknown } | undefined;

  constructor(clock: WallClock, onShown: (shown: Shown) => void, readers: Readers) {
    this.#clock = clock;
    this.#onShown = onShown;
    this.#readers = readers;
  }

  add(delivery: SinkDelivery, planned: PlannedSink, undelivered: Undelivered | undefined): void {
    this.#lanes.set(delivery.id, {
      delivery,
      planned,
      commitEvery: planned.node.commitEvery,
      bytes: undelivered?.bytes ?? 0,
      rows: undelivered?.rows ?? 0,
      at: this.#clock.now(),
      running: undefined,
      // Of which epochs they are is not asked: they are all shown by the first delivery.
      waiting: undelivered === undefined ? [] : [0],
      shownRows: 0,
    });
  }

  /** An epoch has become durable. */
  held(frames: readonly Undelivered[], epoch: Epoch): void {
    for (const { sink, rows, bytes } of frames) {
      const lane = this.#lanes.get(sink);
      if (lane === undefined) continue;
      if (lane.waiting.at(-1) !== epoch) lane.waiting.push(epoch);
      lane.bytes += bytes;
      lane.rows += rows;
    }
  }

  /** The epoch up to which all sinks show everything, at most `last`. */
  shownThrough(last: Epoch): Epoch {
    let through = last;
    for (const { waiting } of this.#lanes.values()) through = Math.min(through, (waiting[0] ?? Infinity) - 1);
    return through;
  }

  /** Whether so much waits that sources should stop; `runningBytes` of a sink are those of the running epoch. */
  crowded(runningBytes: (sink: string) => number): boolean {
    for (const [sink, { bytes, commitEvery }] of this.#lanes) {
      if (bytes + runningBytes(sink) > commitEvery.bytes * CROWDED_AT) return true;
    }
    return false;
  }

  /**
   * Begins the deliveries whose time or size has come, unless readers still have to read the one before. In a run that
   * is `stopping` none waits for them: a source that waits for a sink could not stop, and a reader may wait for the end.
   * A time counts as come `earlyMs` before it has, or, below 0, so much after it.
   */
  deliverWhenDue(checkpoint: CheckpointRecord | undefined, stopping: boolean, earlyMs: number): void {
    // What became of a delivery that failed is for the next run to find out: its intent may be stored.
    if (checkpoint === undefined || this.#failure !== undefined) return;
    const now = this.#clock.now();
    for (const lane of this.#lanes.values()) {
      if (lane.running !== undefined || lane.rows === 0) continue;
      if (!stopping && this.#readers.busy(lane.delivery.id)) continue;
      const { time, bytes } = lane.commitEvery;
      if ((now - lane.at + earlyMs) * 1000 >= time || lane.bytes >= bytes) this.#begin(lane, checkpoint);
    }
  }

  /** Delivers everything that is durable. It waits for no reader: what they have not read is kept for them. */
  async deliverAll(checkpoint: CheckpointRecord): Promise<void> {
    for (const lane of this.#lanes.values()) {
      await lane.running;
      if (this.#failure === undefined && lane.rows > 0) this.#begin(lane, checkpoint);
    }
    for (const lane of this.#lanes.values()) await lane.running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  status(): SinkStatus[] {
    return [...this.#lanes.values()].map(({ delivery, bytes, shownRows, planned }) => ({
      sink: delivery.id,
      epoch: delivery.last?.epoch ?? 0,
      rows: shownRows,
      version: delivery.last?.version,
      contentHash: delivery.last?.contentHash,
      comparable: planned.comparable,
      guarantee: planned.guarantee,
      undeliveredBytes: bytes,
    }));
  }

  /** Nothing is begun from now on: in a run that has failed, a checkpoint or a savepoint may still be on its way. */
  async close(): Promise<void> {
    this.#failure ??= { error: ended() };
    const lanes = [...this.#lanes.values()];
    for (const { running } of lanes) await running;
    await closeAll(lanes.map(({ delivery }) => delivery));
  }

  #begin(lane: Lane, checkpoint: CheckpointRecord): void {
    const { bytes, rows } = lane;
    const readers = this.#readers.of(lane.delivery.id);
    const frames: Uint8Array[] = [];
    lane.at = this.#clock.now();
    lane.running = lane.delivery
      .deliver(checkpoint, readers.length === 0 ? undefined : (frame) => frames.push(frame))
      .then((shown) => {
        lane.bytes -= bytes;
        lane.rows -= rows;
        lane.shownRows += shown.rows;
        lane.waiting = lane.waiting.filter((epoch) => epoch > checkpoint.epoch);
        for (const reader of readers) reader.show(frames);
        this.#onShown(shown);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        lane.running = undefined;
      });
  }
}

function ended(): DataflowError {
  return new DataflowError(
    "DF_RUN_ENDED",
    "The run has ended before all that its sinks hold was delivered. The next run delivers it.",
  );
}
