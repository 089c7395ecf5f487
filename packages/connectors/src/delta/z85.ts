import { DataflowError } from "@df/core";

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

const DIGITS: Int16Array = new Int16Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) DIGITS[ALPHABET.charCodeAt(i)] = i;

/** Writes bytes as Z85 (ZeroMQ RFC 32): five characters for four bytes; the last four are filled up with 0. */
export function encodeZ85(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4) {
    let value = 0;
    for (let j = 0; j < 4; j++) value = value * 256 + (bytes[i + j] ?? 0);
    let five = "";
    for (let j = 0; j < 5; j++) {
      five = ALPHABET.charAt(value % 85) + five;
      value = Math.floor(value / 85);
    }
    text += five;
  }
  return text;
}

/**
 * Reads Z85; four bytes for five characters.
 * @throws DF_DELTA_LOG for any other text
 */
export function decodeZ85(text: string): Uint8Array {
  if (text.length % 5 !== 0) throw notZ85(text);
  const bytes = new Uint8Array((text.length / 5) * 4);
  for (let i = 0, at = 0; i < text.length; i += 5) {
    let value = 0;
    for (let j = 0; j < 5; j++) {
      const digit = DIGITS[text.charCodeAt(i + j)] ?? -1;
      if (digit < 0) throw notZ85(text);
      value = value * 85 + digit;
    }
    if (value > 0xffffffff) throw notZ85(text);
    for (let j = 3; j >= 0; j--) {
      bytes[at + j] = value % 256;
      value = Math.floor(value / 256);
    }
    at += 4;
  }
  return bytes;
}

function notZ85(text: string): DataflowError {
  return new DataflowError("DF_DELTA_LOG", `${JSON.stringify(text.slice(0, 60))} is no Z85 text.`);
}
