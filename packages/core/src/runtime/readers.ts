import { type Change, ChangeReader } from "../batch/changes.ts";
import { decodeFrames } from "../batch/frame.ts";
import type { Shape } from "../stream.ts";

/** Why a run has ended, and whether anybody was told. */
export interface Failure {
  readonly error: unknown;
  told: boolean;
}

/** Code of this process that reads what deliveries show: any number of readers for each sink, which come and go. */
export class Readers {
  readonly #bySink = new Map<string, Set<Reader>>();
  #ended: { readonly failure: Failure | undefined } | undefined;

  /** The changes of a sink: each loop over them is a reader of its own, which begins with the next delivery. */
  changes(sink: string, shape: Shape): AsyncIterable<Change> {
    return { [Symbol.asyncIterator]: () => this.#open(sink, shape) };
  }

  /** Those that a delivery beginning now is for. */
  of(sink: string): readonly Reader[] {
    return [...(this.#bySink.get(sink) ?? [])];
  }

  /** Whether a reader still has changes of an earlier delivery: the next one waits for it. */
  busy(sink: string): boolean {
    for (const reader of this.#bySink.get(sink) ?? []) if (reader.busy) return true;
    return false;
  }

  /** The run has ended: readers end, or throw, behind what they still have. */
  end(failure: Failure | undefined): void {
    this.#ended = { failure };
    for (const readers of this.#bySink.values()) for (const reader of readers) reader.end(failure);
    this.#bySink.clear();
  }

  #open(sink: string, shape: Shape): Reader {
    const readers = this.#bySink.get(sink) ?? new Set();
    const reader: Reader = new Reader(shape, () => readers.delete(reader));
    this.#bySink.set(sink, readers.add(reader));
    if (this.#ended !== undefined) reader.end(this.#ended.failure);
    return reader;
  }
}

/** One loop over the changes of a sink. */
export class Reader implements AsyncIterableIterator<Change> {
  readonly #shape: Shape;
  readonly #gone: () => void;
  readonly #changes: AsyncGenerator<Change, undefined>;
  /** Deliveries as frames, oldest first; more than one only once the run is about to end. */
  #shown: (readonly Uint8Array[])[] = [];
  #reading = false;
  #left = false;
  #ended: { readonly failure: Failure | undefined } | undefined;
  /** Ends the wait for the next delivery. */
  #wake: () => void = () => {};

  constructor(shape: Shape, gone: () => void) {
    this.#shape = shape;
    this.#gone = gone;
    this.#changes = this.#read();
  }

  /** Whether it still has changes to hand out. */
  get busy(): boolean {
    return this.#reading || this.#shown.length > 0;
  }

  /** A delivery is recorded: these are its rows. */
  show(frames: readonly Uint8Array[]): void {
    if (frames.length > 0 && !this.#left) this.#shown.push(frames);
    this.#wake();
  }

  end(failure: Failure | undefined): void {
    this.#ended = { failure };
    this.#wake();
  }

  next(): Promise<IteratorResult<Change, undefined>> {
    return this.#changes.next();
  }

  /** Leaves, also while a `next()` waits: that one is then done. */
  return(): Promise<IteratorResult<Change, undefined>> {
    this.#left = true;
    this.#shown = [];
    this.#gone();
    this.#wake();
    return this.#changes.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async *#read(): AsyncGenerator<Change, undefined> {
    while (!this.#left) {
      const frames = this.#shown.shift();
      if (frames !== undefined) yield* this.#changesOf(frames);
      else if (this.#ended === undefined) await this.#next();
      else if (this.#ended.failure === undefined) return;
      else {
        this.#ended.failure.told = true;
        throw this.#ended.failure.error;
      }
    }
  }

  *#changesOf(frames: readonly Uint8Array[]): Generator<Change> {
    this.#reading = true;
    try {
      const reader = new ChangeReader(this.#shape);
      for (const frame of frames) for (const batch of decodeFrames(frame)) yield* reader.read(batch);
      yield* reader.end();
    } finally {
      this.#reading = false;
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
