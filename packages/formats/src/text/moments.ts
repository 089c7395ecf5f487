/** Dates and points in time as ISO 8601. */
import { dateText } from "@df/core/batch/cells";
import { writeLast, writePadded } from "./digits.ts";
import { fixedText, writeFixed } from "./fixed-text.ts";
import type { FixedText } from "./fixed-text.ts";

const DAY_MICROS = 86_400_000_000;
const COLON = 0x3a;
const POINT = 0x2e;
const T = 0x54;
const Z = 0x5a;

/** Writes the days of one column. Remembers the last one, since neighbours mostly share it. */
export class Days {
  #day: number = Number.NaN;
  #text: FixedText = fixedText("");

  /** Writes days since 1970 as `dateText` has them, and returns the place behind. At most 14 bytes. */
  write(out: DataView, at: number, days: number): number {
    if (days !== this.#day) {
      this.#day = days;
      this.#text = fixedText(dateText(days));
    }
    return writeFixed(out, at, this.#text);
  }

  /**
   * Writes whole µs since 1970 as ISO 8601 in UTC, a fraction of seconds in three digits or in six, or none where it is
   * 0: "2026-01-31T12:00:00.500Z". At most 27 bytes for the years 0 to 9999.
   */
  writeTime(out: DataView, at: number, micros: number): number {
    const days = Math.floor(micros / DAY_MICROS);
    const rest = micros - days * DAY_MICROS;
    const seconds = Math.floor(rest / 1_000_000);
    const hours = (seconds / 3600) | 0;
    const minutes = ((seconds - hours * 3600) / 60) | 0;
    const start = this.write(out, at, days);
    out.setUint8(start, T);
    writeLast(out, start + 1, hours, 2);
    out.setUint8(start + 3, COLON);
    writeLast(out, start + 4, minutes, 2);
    out.setUint8(start + 6, COLON);
    writeLast(out, start + 7, seconds - hours * 3600 - minutes * 60, 2);
    const end = writeFraction(out, start + 9, rest - seconds * 1_000_000);
    out.setUint8(end, Z);
    return end + 1;
  }
}

function writeFraction(out: DataView, at: number, micros: number): number {
  if (micros === 0) return at;
  out.setUint8(at, POINT);
  const millis = (micros / 1000) | 0;
  if (millis * 1000 === micros) return writePadded(out, at + 1, millis, 3);
  return writePadded(out, at + 1, micros, 6);
}
