const NEWLINE = Uint8Array.of(0x0a);

/** A copy of the bytes with a newline behind them. */
export function withNewline(bytes: Uint8Array): Uint8Array {
  return joined([bytes, NEWLINE]);
}

/** A copy of the pieces, one behind the other, in an array of its own, which can be given to another thread. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
