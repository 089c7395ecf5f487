/** Windows of one length that follow each other without gap or overlap. */
export interface TumblingWindow {
  readonly kind: "tumbling";
  readonly sizeMicros: number;
  /** Shifts all windows: with 0 one of them begins at 1970-01-01T00:00:00Z. */
  readonly offsetMicros: number;
}

/** Windows of one length, of which one begins every `everyMicros`. They overlap: a row belongs to several. */
export interface SlidingWindow {
  readonly kind: "sliding";
  readonly sizeMicros: number;
  /** At most the size. */
  readonly everyMicros: number;
  /** Shifts all windows: with 0 one of them begins at 1970-01-01T00:00:00Z. */
  readonly offsetMicros: number;
}

/** How rows are put into windows. */
export type Windowing = TumblingWindow | SlidingWindow;

/** Where windows begin and end, and the panes they are made of: no pane lies across a begin or end of a window. */
export interface Grid {
  readonly sizeMicros: number;
  readonly everyMicros: number;
  readonly paneMicros: number;
  readonly offsetMicros: number;
  /** Whether rows are folded into panes, which are joined when a window fires; else into each of their windows. */
  readonly isPaned: boolean;
}

/**
 * With more panes than this in one step of the windows, a row is folded into each of its windows at less cost than it
 * takes to join the panes.
 */
const PANES_PER_STEP_MAX = 8;

/** The grid of windows. `isFinal`: windows are not shown before they fire, so their panes can wait until then. */
export function gridOf(window: Windowing, isFinal: boolean): Grid {
  const { sizeMicros, offsetMicros } = window;
  const everyMicros = window.kind === "sliding" ? window.everyMicros : sizeMicros;
  const paneMicros = greatestCommonDivisor(sizeMicros, everyMicros);
  const isWide = paneMicros > 1 && everyMicros / paneMicros <= PANES_PER_STEP_MAX;
  return {
    sizeMicros,
    everyMicros,
    paneMicros,
    offsetMicros,
    isPaned: isFinal && everyMicros < sizeMicros && isWide,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The last multiple of `step`, shifted by `offset`, at or before a time, µs; NaN for ±∞. Exact within ±2^53, as % is. */
export function stepAt(time: number, step: number, offset: number): number {
  const into = (time - offset) % step;
  return time - (into < 0 ? into + step : into);
}

/** The start of the first window that holds a time. */
export function firstWindowAt({ sizeMicros, everyMicros, offsetMicros }: Grid, time: number): number {
  return stepAt(time - sizeMicros, everyMicros, offsetMicros) + everyMicros;
}

/** The start of the last window that holds a time. */
export function lastWindowAt({ everyMicros, offsetMicros }: Grid, time: number): number {
  return stepAt(time, everyMicros, offsetMicros);
}

/** The start of the first window that a clock has not reached the end of; −∞ for a clock of −∞. */
export function firstOpenAt(grid: Grid, clock: number): number {
  return Number.isFinite(clock) ? firstWindowAt(grid, clock + 1) : clock;
}

/**
 * The part of the table that holds what was folded into a window itself. Where there are panes too, both are numbered:
 * 2 · i + 1 for the window and 2 · i for the pane that begin i panes after the offset, so they lie in order of time.
 */
export function windowId({ isPaned, paneMicros, offsetMicros }: Grid, start: number): number {
  return isPaned ? ((start - offsetMicros) / paneMicros) * 2 + 1 : start;
}

/** The part of the table that holds a pane. */
export function paneId({ paneMicros, offsetMicros }: Grid, start: number): number {
  return ((start - offsetMicros) / paneMicros) * 2;
}

/** Whether a part of the table is a pane, and no window. */
export function isPane({ isPaned }: Grid, id: number): boolean {
  return isPaned && id % 2 === 0;
}

/** The start of a part of the table, a window or a pane, µs. */
export function startOfPart({ isPaned, paneMicros, offsetMicros }: Grid, id: number): number {
  return isPaned ? Math.floor(id / 2) * paneMicros + offsetMicros : id;
}
