/**
 * An idle split is asked again after a part of the time for which it has been silent: soon where rows come often, and
 * seldom where they do not. A row waits for a fraction of the time that it came after the one before it.
 */
const PART = 1 / 4;
/** Milliseconds that this is at least, as each question costs something, and at most, as each row waits. */
const MIN_MS = 2;
const MAX_MS = 50;

/** Milliseconds between two questions to a split that has been silent for so many. */
export function idleWait(silentMs: number): number {
  return Math.min(MAX_MS, Math.max(MIN_MS, silentMs * PART));
}
