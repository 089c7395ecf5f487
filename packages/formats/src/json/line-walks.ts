/** Where the rows of a batch were read, one entry a row. */
export interface Places {
  readonly positions: Float64Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** How far lines were read. */
export interface LineState {
  /** Beginning of the next line. */
  at: number;
  /** A line that begins behind it is not tried. */
  readonly limit: number;
  /** Next row, and the first one for which there is no room. */
  row: number;
  rowEnd: number;
  /** Whether the lines that were read since `begin` are known to be ASCII. */
  readonly isAscii: boolean;
}

/** Reads lines by code that is made for their layouts, or for their columns. */
export interface LineWalks {
  readonly state: LineState;
  /** Begins with other bytes, at `at`. The scanner has begun with them, too. */
  begin(bytes: Uint8Array, base: number, at: number): void;
  /** Gives rows their places. */
  place(places: Places): void;
  /** Reads lines up to the first that no code takes, or for which there is no room. */
  walk(): void;
  /** Learns the layout of a record that was accepted and that `walk` did not take. */
  learn(start: number): void;
}
