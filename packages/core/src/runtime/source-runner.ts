import { assert } from "../assert.ts";
import type { Batch } from "../batch/batch.ts";
import { within } from "../error.ts";
import type { LedgerEntry, Mark, SplitRecord, SplitStatus } from "../checkpoint/records.ts";
import type { InvalidRecord, Polled, Position, Source, Split, SplitReader } from "../connector.ts";
import type { EventTime } from "../plan/plan.ts";
import { columnIndex, type Schema } from "../schema/schema.ts";
import type { Epoch } from "../stream.ts";
import { BEGINNING, type Time } from "../time.ts";
import { closeAll } from "./closing.ts";
import type { StreamEvent, Target } from "./event.ts";
import { type ClockOf, combine, type InputClock } from "./input-clock.ts";
import type { NodeLedger } from "./node-ledger.ts";
import { type Reading, recordOf, viewOf } from "./reading.ts";
import { RestingReader } from "./resting-reader.ts";
import { SplitChoice } from "./split-choice.ts";
import { type RowClocks, SplitClock } from "./split-clock.ts";
import type { SplitView } from "./waiting.ts";

/**
 * When a split is found: at the first start of its pipeline, at a later one, when so high a clock had been reached
 * behind its source, or while it runs.
 */
export type FoundAt =
  | { readonly kind: "first start" }
  | { readonly kind: "restart"; readonly reached: Time }
  | { readonly kind: "run" };

/** What a source runner is made of. */
interface SourceParts {
  readonly node: string;
  readonly shard: number;
  readonly source: Pick<Source, "read">;
  readonly schema: Schema;
  readonly time: EventTime | undefined;
  readonly follow: boolean;
  readonly batchRows: number;
  /** Splits that are open at once; Infinity where one that is closed cannot go on where it stood. */
  readonly openMax: number;
  readonly ledger: NodeLedger;
  /** The checkpoint it starts from; 0 without. */
  readonly epoch: Epoch;
  readonly now: () => number;
  /** The highest clock that any node behind this source has reached: what a mark lifts to. */
  readonly reached: () => Time;
  /** Whether nothing is on its way between nodes: all that was sent has been taken. */
  readonly settled: (runner: SourceRunner) => boolean;
  /** Says what clock is given on instead of that of the splits; undefined where it is theirs. */
  readonly clockOf: ClockOf | undefined;
  readonly invalid: (runner: SourceRunner, split: string, record: InvalidRecord) => void;
  /** Something happened that a checkpoint should remember, or that the main loop waits for. */
  readonly wake: () => void;
  readonly failed: (error: unknown) => void;
  readonly onBarrier: (runner: SourceRunner, epoch: Epoch) => void;
}

/**
 * Reads the splits of one source on one shard: polls the one that is furthest behind, gives rows their event time and
 * clock in log order, hands on batches and the combined clock. Polls overlap with the work on the rows before.
 */
export class SourceRunner {
  readonly node: string;
  readonly shard: number;
  readonly ledger: NodeLedger;
  readonly targets: Target[] = [];
  readonly marks: Mark[] = [];
  epoch: Epoch;
  /** Whether anything has happened since the last barrier. */
  active = false;
  readonly #parts: SourceParts;
  readonly #readings: Reading[] = [];
  readonly #rowClocks: RowClocks = { values: new Float64Array(0) };
  readonly #choice: SplitChoice<Reading>;
  #polling: Reading | undefined;
  #polls = 0;
  #ready: { readonly reading: Reading; readonly polled: Polled } | undefined;
  #sent: InputClock = { clock: BEGINNING, status: "live" };
  #finished = false;
  #stopping = false;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    this.#choice = new SplitChoice(parts.openMax, (error) => parts.failed(this.#naming(error)));
    this.node = parts.node;
    this.shard = parts.shard;
    this.ledger = parts.ledger;
    this.epoch = parts.epoch;
  }

  /**
   * Takes a split over, from its record if it has one. One that was not there when the pipeline first started holds the
   * clock back from its first row on, which gets a mark; so does one that is found while the pipeline runs.
   */
  add(split: Split, record: SplitRecord | undefined, found: FoundAt): void {
    const isNew = record === undefined && found.kind !== "first start";
    const { time } = this.#parts;
    const clock = new SplitClock(time?.maxOutOfOrderness ?? 0, record, this.#rowClocks);
    if (isNew || found.kind === "run") clock.status = "idle";
    if (found.kind === "restart" && time !== undefined) clock.restart(found.reached);
    const reading: Reading = {
      split,
      clock,
      reader: this.#readerOf(split, record?.position),
      position: record?.position,
      heardAt: this.#parts.now(),
      askedAt: 0,
      askAt: this.#stopping ? Infinity : 0,
      asked: 0,
    };
    this.#readings.push(reading);
    if (isNew) this.active = true;
  }

  /** A split speaks again; its rows wait until every receiver knows that it holds the clock back. */
  get waking(): boolean {
    return this.#ready !== undefined && this.#ready.reading.clock.counted.status !== "live";
  }

  /** Lets all receivers know that a split speaks again; says whether they had to be told. */
  announce(): boolean {
    return this.waking && !this.#full() && this.#sendClock();
  }

  /** Whether they have been told. */
  get announced(): boolean {
    return this.waking && !this.#clockMoves(this.#combined());
  }

  /** Begins a clean stop: from now on only splits are polled whose rows nobody could read again. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const reading of this.#readings) {
      reading.reader?.stop?.();
      reading.askAt = reading.reader?.stop === undefined ? Infinity : 0;
    }
  }

  /** What was given before the stop has been taken, as far as it could not be read again. */
  get stopped(): boolean {
    const [polling, ready] = [this.#polling, this.#ready?.reading];
    if ([polling, ready].some((reading) => reading?.reader?.stop !== undefined)) return false;
    return this.#readings.every(({ reader, askAt }) => reader === undefined || askAt === Infinity);
  }

  /** Whether it reads a split. */
  reads(split: string): boolean {
    return this.#readings.some((reading) => reading.split.id === split);
  }

  /** How far its splits have come. */
  get splits(): readonly SplitView[] {
    const now = this.#parts.now();
    return this.#readings.map((reading) => viewOf(reading, now));
  }

  /** All splits have ended; nothing waits. */
  get ended(): boolean {
    return (
      !this.#parts.follow &&
      this.#ready === undefined &&
      this.#readings.every(({ reader }) => reader === undefined) &&
      !this.#clockMoves(this.#combined())
    );
  }

  /** Does one piece of work if there is any and the receivers have room; says whether it did. */
  step(): boolean {
    if (this.#full()) return false;
    if (this.waking && (this.#sendClock() || !this.#parts.settled(this))) return true;
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready !== undefined) this.#take(ready.reading, ready.polled);
    const moved = this.#sendClock();
    // A poll writes over the rows of the one before it: the receivers must be done with them.
    if (!this.#full()) this.#pollNext();
    return ready !== undefined || moved || this.#ready !== undefined;
  }

  #full(): boolean {
    for (const target of this.targets) if (target.full()) return true;
    return false;
  }

  /** Milliseconds until an idle split may be asked again; undefined when it does not wait for time to pass. */
  wait(): number | undefined {
    if (this.#polling !== undefined || this.ended) return undefined;
    const now = this.#parts.now();
    const times = this.#readings.filter(({ reader }) => reader !== undefined).map(({ askAt }) => askAt - now);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times));
  }

  barrier(epoch: Epoch): void {
    // What a split's end makes of the clock belongs to the epoch that records the end.
    this.#sendClock();
    this.#parts.onBarrier(this, epoch);
    this.epoch = epoch;
    this.active = false;
    this.#send({ kind: "barrier", epoch });
  }

  /** The end of a bounded or drained input: nothing is expected any more. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.active = true;
    this.#send({ kind: "clock", clock: Number.POSITIVE_INFINITY, status: "ended" });
    this.#send({ kind: "end" });
  }

  records(): SplitRecord[] {
    return this.#readings.map((reading) => recordOf(reading, this.node));
  }

  entry(): LedgerEntry {
    const checked = this.#parts.schema.fields.map(({ name }) => name);
    return this.ledger.entry(this.node, 0, checked);
  }

  /** The clock that has been handed on. */
  get clock(): Time {
    return this.#sent.clock;
  }

  /** How far its splits have come together; undefined while it has none. */
  get state(): InputClock | undefined {
    return this.#readings.length === 0 ? undefined : this.#sent;
  }

  async close(): Promise<void> {
    await closeAll(this.#readings.flatMap(({ reader }) => reader ?? []));
  }

  #pollNext(): void {
    if (this.#polling !== undefined || this.#ready !== undefined) return;
    const now = this.#parts.now();
    const next = this.#choice.next(this.#readings, now);
    if (next?.reader === undefined) return;
    this.#polling = next;
    next.asked = ++this.#polls;
    next.askedAt = now;
    const asked = next;
    const answer = next.reader.poll(this.#parts.batchRows);
    if (!(answer instanceof Promise)) {
      this.#answered(asked, answer);
      // Rows are work that is seen; that a split has ended, or is idle, is not.
      if (typeof answer === "string") this.#parts.wake();
      return;
    }
    answer.then(
      (given) => {
        this.#answered(asked, given);
        this.#parts.wake();
      },
      (error: unknown) => this.#parts.failed(this.#naming(error)),
    );
  }

  #readerOf(split: Split, position: Position | undefined): SplitReader {
    const open = (from: Position | undefined): SplitReader => {
      try {
        return this.#parts.source.read(split, from);
      } catch (thrown) {
        throw this.#naming(thrown);
      }
    };
    return this.#parts.openMax === Infinity ? open(position) : new RestingReader(open, position);
  }

  #naming(thrown: unknown): unknown {
    return within(`Source "${this.node}"`, thrown);
  }

  #answered(reading: Reading, polled: Polled | "idle" | "end"): void {
    this.#polling = undefined;
    const now = this.#parts.now();
    if (typeof polled === "string") reading.clock.hasNothing();
    if (polled === "end") void this.#end(reading);
    else if (polled === "idle") {
      const wait = this.#choice.idle(reading, now - reading.heardAt);
      // A source that has waited itself is asked again at once.
      reading.askAt = this.#stopping ? Infinity : reading.askedAt + wait;
      const { idleTimeout } = this.#parts.time ?? {};
      if (idleTimeout !== undefined && (now - reading.heardAt) * 1000 >= idleTimeout)
        this.#setStatus(reading, "idle");
    } else {
      reading.heardAt = now;
      this.#ready = { reading, polled };
    }
  }

  async #end(reading: Reading): Promise<void> {
    const { reader } = reading;
    reading.reader = undefined;
    this.#setStatus(reading, "ended");
    try {
      await reader?.close();
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  #setStatus(reading: Reading, status: SplitStatus): void {
    if (reading.clock.status === status) return;
    reading.clock.status = status;
    this.active = true;
  }

  #take(reading: Reading, polled: Polled): void {
    this.active = true;
    this.#speak(reading);
    for (const record of polled.invalid) {
      this.ledger.rowsIn++;
      this.ledger.outcomes.quarantined++;
      this.#parts.invalid(this, reading.split.id, record);
    }
    // The position moves only together with the rows before it.
    reading.position = polled.next;
    if (polled.length > 0) this.#emit(this.#batchOf(reading, polled), reading);
  }

  #speak({ clock, split, position }: Reading): void {
    const lift = clock.speak(this.#parts.time === undefined ? () => BEGINNING : this.#parts.reached);
    if (lift === undefined) return;
    this.marks.push({ source: this.node, split: split.id, position: position ?? null, clock: lift });
  }

  #batchOf(reading: Reading, polled: Polled): Batch {
    const { schema, time } = this.#parts;
    const { length, columns, diffs, positions, raw } = polled;
    const column = time === undefined ? undefined : columns[columnIndex(schema, time.column)];
    const times = column?.layout === "double" ? column.values : undefined;
    assert(time === undefined || times !== undefined, "event time is a timestamp");
    return {
      schema,
      length,
      columns,
      change: diffs === undefined ? "append" : "retract",
      diffs,
      times: times ?? NO_TIMES.subarray(0, length),
      clocks: BEGINNING,
      origin: { source: this.node, split: reading.split.id, positions, raw },
    };
  }

  #emit(batch: Batch, { clock }: Reading): void {
    this.ledger.rowsIn += batch.length;
    this.ledger.outcomes.passed += batch.length;
    this.ledger.rowsOut += batch.length;
    const timed = this.#parts.time !== undefined;
    this.#send({
      kind: "batch",
      batch: timed ? { ...batch, clocks: clock.advance(batch.times, batch.length) } : batch,
    });
  }

  #sendClock(): boolean {
    const combined = this.#combined();
    if (!this.#clockMoves(combined)) return false;
    this.#sent = combined;
    // One that no split explains is remembered even where no row comes of it.
    if (this.#parts.clockOf !== undefined) this.active = true;
    this.#send({ kind: "clock", ...combined });
    return true;
  }

  #combined(): InputClock {
    const waking = this.waking ? this.#ready?.reading : undefined;
    const ofSplits = combine(
      this.#readings.map((reading) =>
        reading === waking ? { clock: reading.clock.clock, status: "live" } : reading.clock.counted,
      ),
      this.#sent.clock,
    );
    // Without splits it says nothing: held back, it would hold back what other shards read.
    const { clockOf } = this.#parts;
    return clockOf === undefined || this.#readings.length === 0 ? ofSplits : clockOf(this.node, ofSplits);
  }

  #clockMoves({ clock, status }: InputClock): boolean {
    return !this.#finished && (clock !== this.#sent.clock || status !== this.#sent.status);
  }

  #send(event: StreamEvent): void {
    for (const target of this.targets) target.push(event);
  }
}

/** Times of rows without event time. */
const NO_TIMES = new Float64Array(65_536).fill(BEGINNING);
