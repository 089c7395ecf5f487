/** What formats with a record a line have in common. */
import type { Inside, Passed } from "./decoder.ts";

/** What ends a line: a newline, or a return and a newline. */
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;

/** Passes over bytes up to the end of their line, where no line break lies within a record. `isBlank` looks at them. */
export function passLine(
  bytes: Uint8Array,
  inside: Inside,
  isBlank: (bytes: Uint8Array, start: number, end: number) => boolean,
): Passed {
  const newline = bytes.indexOf(NEWLINE);
  const end = newline < 0 ? bytes.length : newline;
  return {
    consumed: newline < 0 ? end : end + 1,
    inside: newline < 0 ? inside : undefined,
    isBlank: isBlank(bytes, 0, end),
  };
}

/** Whether bytes begin with the mark of UTF-8, which is no part of the first line. */
export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
