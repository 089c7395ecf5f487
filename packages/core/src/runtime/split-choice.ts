import type { SplitReader } from "../connector.ts";
import { idleWait } from "./idle-wait.ts";
import { RestingReader } from "./resting-reader.ts";
import type { SplitClock } from "./split-clock.ts";

/**
 * Splits of a source that are open at once: each takes a mebibyte, two where it is read ahead or, where it is
 * decompressed, more.
 */
export const SPLITS_OPEN_MAX = 64;
/** A split that had to rest for others so often, or more often, goes on for 2^20 polls. */
const TURN_DOUBLINGS_MAX = 20;
/** Milliseconds until a silent split rests between two questions, and how long it does. */
const RESTS_AFTER_MS = 60_000;
const REST_MS = 1_000;

/** A split that may be asked for rows. */
export interface Choosable {
  readonly clock: SplitClock;
  /** Undefined once it has ended. */
  readonly reader: SplitReader | undefined;
  /** Wall clock, ms: when it may be asked again. */
  readonly askAt: number;
  /** Number of the poll in which it was asked last. */
  readonly asked: number;
}

/**
 * Decides which split is asked next, and which ones rest meanwhile.
 *
 * It is the one with the lowest clock: fewer open panes, and no split runs far ahead of the others. Splits with equal
 * clocks, as all are without event time, take turns. Where more are to be read than may be open, one that is opened
 * makes the one rest that will be asked last: it is idle, or the furthest ahead. To be opened again is dear (what is
 * compressed is read from the start of its frame), so each time a split is then read on for twice as long as the last
 * time, whatever its clock: a file is passed over twice at most, not once for each batch.
 */
export class SplitChoice<Reading extends Choosable> {
  readonly #openMax: number;
  readonly #failed: (error: unknown) => void;
  readonly #open: Set<Reading> = new Set();
  /** Goes on for so many polls. */
  #turn: { readonly reading: Reading; polls: number } | undefined;

  constructor(openMax: number, failed: (error: unknown) => void) {
    this.#openMax = openMax;
    this.#failed = failed;
  }

  /** The split to ask now; undefined for none. Nothing may be on its way from any of them. */
  next(readings: readonly Reading[], now: number): Reading | undefined {
    const next = this.#goesOn(now) ?? furthestBehind(readings, now);
    if (next?.reader instanceof RestingReader && !next.reader.isOpen) this.#wake(next, next.reader, now);
    return next;
  }

  /**
   * A split has nothing now, and has been silent for so long: how long it is not asked, in milliseconds. What waits for
   * a long time, as yesterday's file of a log does, holds nothing meanwhile.
   */
  idle(reading: Reading, silentMs: number): number {
    if (silentMs < RESTS_AFTER_MS || !(reading.reader instanceof RestingReader)) return idleWait(silentMs);
    this.#rest(reading);
    return REST_MS;
  }

  #rest(reading: Reading): void {
    this.#open.delete(reading);
    reading.reader?.close().catch(this.#failed);
  }

  #goesOn(now: number): Reading | undefined {
    const turn = this.#turn;
    if (turn === undefined) return undefined;
    const { reading } = turn;
    if (turn.polls-- > 0 && reading.reader !== undefined && reading.askAt <= now) return reading;
    this.#turn = undefined;
    return undefined;
  }

  #wake(next: Reading, reader: RestingReader, now: number): void {
    for (const reading of this.#open) if (reading.reader === undefined) this.#open.delete(reading);
    while (this.#open.size >= this.#openMax) {
      const last = lastToAsk(this.#open, now);
      if (last.reader instanceof RestingReader) last.reader.evictions++;
      this.#rest(last);
    }
    this.#open.add(next);
    const polls = 2 ** Math.min(reader.evictions, TURN_DOUBLINGS_MAX) - 1;
    this.#turn = polls === 0 ? undefined : { reading: next, polls };
  }
}

function furthestBehind<Reading extends Choosable>(
  readings: readonly Reading[],
  now: number,
): Reading | undefined {
  let next: Reading | undefined;
  for (const reading of readings) {
    if (reading.reader === undefined || reading.askAt > now) continue;
    const behind = next === undefined ? -1 : reading.clock.clock - next.clock.clock;
    // Two clocks of −∞ have no difference.
    if (behind < 0 || (!(behind > 0) && reading.asked < (next?.asked ?? 0))) next = reading;
  }
  return next;
}

function lastToAsk<Reading extends Choosable>(open: Iterable<Reading>, now: number): Reading {
  const [last] = [...open].toSorted((a, b) => {
    if (a.askAt > now || b.askAt > now) return b.askAt - a.askAt;
    return a.clock.clock === b.clock.clock ? b.asked - a.asked : b.clock.clock - a.clock.clock;
  });
  return last as Reading;
}
