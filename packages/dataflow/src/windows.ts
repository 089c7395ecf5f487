import { DataflowError, checkOptions, micros } from "@df/core";
import type { Duration } from "@df/core";

/** Windows of one size, side by side. */
export interface Tumbling {
  readonly kind: "tumbling";
  readonly sizeMicros: number;
  /** Distance of the first window's start from 1970-01-01T00:00Z; less than the size. */
  readonly offsetMicros: number;
}

/** Windows of one size that overlap: one begins at each step. */
export interface Sliding {
  readonly kind: "sliding";
  readonly sizeMicros: number;
  /** From the start of a window to the start of the next one; at most the size. */
  readonly everyMicros: number;
  /** Distance of a window's start from 1970-01-01T00:00Z; less than the step. */
  readonly offsetMicros: number;
}

/** Windows as long as there is activity: they end where no row comes for as long as the gap. */
export interface Session {
  readonly kind: "session";
  readonly gapMicros: number;
}

/** What `.window()` takes. */
export type WindowSpec = Tumbling | Sliding | Session;

/** Where the first window begins. */
interface Aligned {
  readonly offset?: Duration | undefined;
}

/**
 * Windows of one size, side by side, aligned to 1970-01-01T00:00Z plus the offset.
 * @throws DF_WINDOW when the size is 0 or the offset is not below it
 */
export function tumbling(size: Duration, options: Aligned = {}): Tumbling {
  checkOptions(options, ["offset"], "tumbling()");
  const sizeMicros = micros(size, "The size of tumbling()");
  const offsetMicros = micros(options.offset ?? "0s", "The offset of tumbling()");
  if (sizeMicros === 0)
    throw new DataflowError("DF_WINDOW", "A window of size 0 holds nothing. Give it a size.");
  if (offsetMicros >= sizeMicros) {
    throw new DataflowError(
      "DF_WINDOW",
      `The offset "${options.offset}" of a tumbling window must be less than its size "${size}".`,
    );
  }
  return { kind: "tumbling", sizeMicros, offsetMicros };
}

/**
 * Windows of one size, of which one begins at each multiple of `every` since 1970-01-01T00:00Z plus the offset. A row
 * belongs to all windows that hold its time: `sliding("1h", "5m")` gives the last hour, every five minutes. Needs
 * aggregates that can join partial results, as all but those of your own without `.merge()` can.
 * @throws DF_WINDOW when `every` is 0 or longer than the size, or the offset is not below it
 */
export function sliding(size: Duration, every: Duration, options: Aligned = {}): Sliding {
  checkOptions(options, ["offset"], "sliding()");
  const sizeMicros = micros(size, "The size of sliding()");
  const everyMicros = micros(every, "The step of sliding()");
  const offsetMicros = micros(options.offset ?? "0s", "The offset of sliding()");
  if (everyMicros === 0 || everyMicros > sizeMicros) {
    throw new DataflowError(
      "DF_WINDOW",
      `Sliding windows of size "${size}" begin every "${every}"; that must be more than 0 and at most the size, ` +
        `else rows would be in no window.`,
    );
  }
  if (offsetMicros >= everyMicros) {
    throw new DataflowError(
      "DF_WINDOW",
      `The offset "${options.offset}" of sliding windows must be less than their step "${every}".`,
    );
  }
  return { kind: "sliding", sizeMicros, everyMicros, offsetMicros };
}

/**
 * Sessions of activity, group by group: rows belong to one session if a chain of rows joins them, of which neighbours
 * are at most `gap` apart. A session begins with its first row and ends `gap` after its last one. Takes events only, as
 * a row that is taken back could part a session in two, and needs aggregates that can join partial results, as all but
 * those of your own without `.merge()` can. A row is late when it is `allowedLateness` or more behind the clock.
 * @throws DF_WINDOW when the gap is 0
 */
export function session(gap: Duration): Session {
  const gapMicros = micros(gap, "The gap of session()");
  if (gapMicros === 0) {
    throw new DataflowError(
      "DF_WINDOW",
      "Sessions with a gap of 0 hold rows of one moment each. Give session() a gap, or use groupBy().",
    );
  }
  return { kind: "session", gapMicros };
}
