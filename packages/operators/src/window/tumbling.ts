/** Windows of one length that follow each other without gap or overlap. */
export interface TumblingWindow {
  readonly kind: "tumbling";
  readonly sizeMicros: number;
  /** Shifts all windows: with 0 one of them begins at 1970-01-01T00:00:00Z. */
  readonly offsetMicros: number;
}

/** The start of the window that holds a time, µs; NaN for ±∞. Exact for all times within ±2^53 µs, as % is. */
export function startOfWindow({ sizeMicros, offsetMicros }: TumblingWindow, time: number): number {
  const into = (time - offsetMicros) % sizeMicros;
  return time - (into < 0 ? into + sizeMicros : into);
}

/** Writes the start of each row's window, µs, to `starts`; `length` rows. */
export function assignTumbling(
  window: TumblingWindow,
  times: Float64Array,
  length: number,
  starts: Float64Array,
): void {
  let start = Number.NaN;
  let end = Number.NaN;
  for (let row = 0; row < length; row++) {
    const time = times[row] as number;
    // Neighbours mostly share a window; a division per row costs more than these two comparisons.
    if (!(time >= start && time < end)) {
      start = startOfWindow(window, time);
      end = start + window.sizeMicros;
    }
    starts[row] = start;
  }
}
