/** Text that is written again and again, four bytes at a time. */
export interface FixedText {
  /** Little-endian, zeros behind the end. */
  readonly words: Int32Array;
  /** Bytes. */
  readonly length: number;
}

const encoder = new TextEncoder();

/** Prepares a text. */
export function fixedText(text: string): FixedText {
  const bytes = encoder.encode(text);
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  for (const [i, byte] of bytes.entries())
    words[i >> 2] = (words[i >> 2] as number) | (byte << ((i & 3) * 8));
  return { words, length: bytes.length };
}

/** Writes a text, and up to three bytes behind it; returns the place behind the text. */
export function writeFixed(out: DataView, at: number, { words, length }: FixedText): number {
  for (let i = 0; i < words.length; i++) out.setInt32(at + i * 4, words[i] as number, true);
  return at + length;
}
