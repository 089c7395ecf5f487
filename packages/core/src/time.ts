import { DataflowError } from "./error.ts";

/** A point in event time: integer microseconds since 1970 UTC in a double, exact from 1684 to 2255. */
export type Time = number;

/** Before everything: the clock of a split that has shown no row, and of rows an operator made. */
export const BEGINNING: Time = Number.NEGATIVE_INFINITY;

export type Unit = "ms" | "s" | "m" | "h" | "d";
/** `"30s"`, `"1.5h"`. A day is 24 hours. */
export type Duration = `${number}${Unit}`;

const MICROS: Readonly<Record<Unit, number>> = {
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/**
 * Microseconds of a duration. `what` names it in a refusal: the option that it was given as.
 * @throws DF_DURATION unless it is a plain, non-negative number and a unit: `"-1s"` and `"1e3s"` are refused.
 */
export function micros(duration: Duration, what?: string): number {
  const said = what === undefined ? `"${duration}"` : `${what} is "${duration}", which`;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  const [, digits, unit] = match ?? [];
  if (digits === undefined || unit === undefined) {
    throw new DataflowError(
      "DF_DURATION",
      `${said} is no duration. Write a number and one of ms, s, m, h, d: "30s", "1.5h".`,
    );
  }
  const value = Number(digits) * MICROS[unit as Unit];
  if (!Number.isSafeInteger(value)) {
    throw new DataflowError("DF_DURATION", `${said} is not a whole number of microseconds below 2^53.`);
  }
  return value;
}

/** Microseconds as a duration that `micros()` reads, exact: `"1h"`, `"90m"`, `"250.1ms"`. */
export function durationText(value: number): string {
  const units = (Object.entries(MICROS) as [Unit, number][]).toReversed();
  const [unit, size] = units.find(([, each]) => value !== 0 && value % each === 0) ?? ["ms", MICROS.ms];
  return `${value / size}${unit}`;
}

/** A duration of microseconds in words a person reads: `"1h 5m"`, `"250ms"`. */
export function inWords(value: number): string {
  if (!Number.isFinite(value)) return "∞";
  if (Math.abs(value) < 1_000_000) return `${Math.round(value / 1_000)}ms`;
  const parts: string[] = [];
  let rest = Math.abs(Math.round(value / 1_000_000));
  for (const [unit, seconds] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
  }
  return (value < 0 ? "-" : "") + (parts.join(" ") || "0s");
}

/** The time as ISO 8601 with zone, or "the beginning". */
export function isoTime(time: Time): string {
  return Number.isFinite(time) ? new Date(Math.floor(time / 1_000)).toISOString() : "the beginning";
}
