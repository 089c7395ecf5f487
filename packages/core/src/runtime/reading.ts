import { type SplitRecord, storedTime } from "../checkpoint/records.ts";
import type { Position, Split, SplitReader } from "../connector.ts";
import type { SplitClock } from "./split-clock.ts";
import type { SplitView } from "./waiting.ts";

/** A split that a shard reads. */
export interface Reading {
  readonly split: Split;
  readonly clock: SplitClock;
  reader: SplitReader | undefined;
  position: Position | undefined;
  /** Wall clock, ms: when it last had rows, when it was asked, and when it may be asked again. */
  heardAt: number;
  askedAt: number;
  askAt: number;
  /** Number of the poll in which it was asked last. */
  asked: number;
}

/** What a checkpoint keeps of it. */
export function recordOf({ split, position, clock }: Reading, source: string): SplitRecord {
  return {
    source,
    split: split.id,
    position,
    timeMax: storedTime(clock.timeMax),
    clock: storedTime(clock.clock),
    lift: storedTime(clock.lift),
    status: clock.status,
  };
}

/** What is shown of it. `now`: wall clock, ms. */
export function viewOf({ split, clock: { counted }, heardAt }: Reading, now: number): SplitView {
  return {
    split: split.id,
    status: counted.status,
    clock: counted.clock,
    silentMicros: Math.round((now - heardAt) * 1000),
  };
}
