import type { Inside, Passed } from "../decoder.ts";
import type { Dialect } from "./fields.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Passes over the rest of a record, byte by byte, by the rules of `Fields`. */
export function passRecord(bytes: Uint8Array, inside: Inside, { delimiter, quote }: Dialect): Passed {
  let place = inside;
  let isBlank = true;
  for (const [at, byte] of bytes.entries()) {
    if (byte === NEWLINE && place !== "quoted") return { consumed: at + 1, inside: undefined, isBlank };
    if (byte !== RETURN) isBlank = false;
    if (place === "quoted") place = byte === quote ? "quote" : "quoted";
    else if (byte === delimiter) place = "start";
    else if (byte === quote && place !== "plain") place = "quoted";
    else place = "plain";
  }
  return { consumed: bytes.length, inside: place, isBlank };
}
