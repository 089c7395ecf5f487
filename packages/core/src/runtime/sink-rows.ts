import type { PlacedFrame } from "../checkpoint/records.ts";
import type { Epoch } from "../stream.ts";
import { framesOf, type HoldingSink } from "./holding-sink.ts";
import { QuarantineBuffer, type Refusal } from "./quarantine-buffer.ts";

/** A sink on one shard. */
interface PlacedSink {
  readonly node: string;
  readonly shard: number;
  readonly sink: HoldingSink;
}

/** Rows of an epoch that were refused on one shard and go to one sink. */
interface Refused {
  readonly sink: string;
  readonly shard: number;
  readonly epoch: Epoch;
  readonly buffer: QuarantineBuffer;
}

/** The rows that sinks have been given since the last barrier: those of their inputs, and refused ones. */
export class SinkRows {
  readonly #sinks: PlacedSink[] = [];
  /** By sink, shard and epoch. */
  readonly #refused = new Map<string, Refused>();

  /** A further sink. */
  add(placed: PlacedSink): void {
    this.#sinks.push(placed);
  }

  /** A refused row of an epoch. */
  refuse({ sink, shard, epoch }: Omit<Refused, "buffer">, refusal: Refusal): void {
    const place = `${sink}\n${shard}\n${epoch}`;
    const refused = this.#refused.get(place) ?? { sink, shard, epoch, buffer: new QuarantineBuffer() };
    this.#refused.set(place, refused);
    refused.buffer.add(refusal);
  }

  /** Bytes that a sink holds since the last barrier. */
  bytesOf(node: string): number {
    let bytes = 0;
    for (const placed of this.#sinks) if (placed.node === node) bytes += placed.sink.bytes;
    for (const { sink, buffer } of this.#refused.values()) if (sink === node) bytes += buffer.bytes;
    return bytes;
  }

  /** Bytes that each sink holds since the last barrier, by its id. */
  bytesBySink(): ReadonlyMap<string, number> {
    const names = [
      ...this.#sinks.map(({ node }) => node),
      ...[...this.#refused.values()].map(({ sink }) => sink),
    ];
    return new Map(names.map((sink) => [sink, this.bytesOf(sink)]));
  }

  /** Whether any sink holds rows since the last barrier. */
  any(): boolean {
    return this.#refusedBytes() > 0 || this.#sinks.some(({ sink }) => sink.bytes > 0);
  }

  /** Bytes that the state does not have yet: those of `takeFrames`, and refused rows, which wait for the barrier. */
  bytesInMemory(): number {
    return this.untakenBytes() + this.#refusedBytes();
  }

  /** Bytes that `takeFrames` gives. */
  untakenBytes(): number {
    let bytes = 0;
    for (const { sink } of this.#sinks) bytes += sink.untakenBytes;
    return bytes;
  }

  /** The frames of all sinks so far, ahead of the barrier. */
  takeFrames(): PlacedFrame[] {
    const frames: PlacedFrame[] = [];
    for (const { node, shard, sink } of this.#sinks) {
      for (const frame of sink.takeFrames()) frames.push({ sink: node, shard, ...frame });
    }
    return frames;
  }

  /** Refused rows of an epoch. */
  takeRefused(epoch: Epoch): PlacedFrame[] {
    const frames: PlacedFrame[] = [];
    for (const [place, refused] of this.#refused) {
      if (refused.epoch !== epoch) continue;
      this.#refused.delete(place);
      const { sink, shard, buffer } = refused;
      for (const frame of framesOf(buffer.take())) frames.push({ sink, shard, ...frame });
    }
    return frames;
  }

  #refusedBytes(): number {
    let bytes = 0;
    for (const { buffer } of this.#refused.values()) bytes += buffer.bytes;
    return bytes;
  }
}
