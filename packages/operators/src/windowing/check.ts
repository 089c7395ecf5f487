import { DataflowError } from "@df/core";
import type { Windowing } from "./windowing.ts";

/** A row belongs to at most this many windows. */
const WINDOWS_PER_ROW_MAX = 10_000;

/**
 * Whether windows and an allowed lateness are possible.
 * @throws DF_WINDOW for a size, step, offset or lateness that is no whole number of microseconds, and for a step beyond
 * the size, which would leave rows without a window
 */
export function checkWindowing(windowing: Windowing, allowedLatenessMicros: number): void {
  const { sizeMicros, offsetMicros } = windowing;
  const everyMicros = windowing.kind === "sliding" ? windowing.everyMicros : sizeMicros;
  const checks: readonly [string, number, number, number][] = [
    ["size", sizeMicros, 1, Number.MAX_SAFE_INTEGER],
    ["step", everyMicros, Math.max(1, Math.ceil(sizeMicros / WINDOWS_PER_ROW_MAX)), sizeMicros],
    ["offset", offsetMicros, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["allowed lateness", allowedLatenessMicros, 0, Number.MAX_SAFE_INTEGER],
  ];
  for (const [what, value, least, most] of checks) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
    throw new DataflowError(
      "DF_WINDOW",
      `The ${what} of a window is ${value} µs; it is a whole number from ${range}.`,
    );
  }
}
