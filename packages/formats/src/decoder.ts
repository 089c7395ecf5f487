import type { Column, InvalidRecord, Json, Schema } from "@df/core";

/**
 * Turns lines of bytes into columns. Sources know lines and positions, a decoder knows what a line means: every format
 * with one record a line can stand behind this interface.
 */
export interface LineDecoder {
  /** "json". */
  readonly name: string;
  /** All columns it can deliver. */
  readonly schema: Schema;
  /** All that decides what a line means, as part of the plan. */
  readonly options: Json;
  /**
   * Opens the decoder for the columns that are read, a subset of `schema` in its order. `generate` allows generated
   * code; what is decoded does not depend on it.
   */
  open(columns: Schema, generate: boolean): OpenLineDecoder;
}

/** A decoder that knows which columns are read. */
export interface OpenLineDecoder {
  /**
   * Decodes the complete lines at the beginning of `bytes`, at most `rowsMax` (1 to `BATCH_ROWS_MAX`), blank ones not
   * counted. `base` is the position of the
   * first byte in its split. `atEnd`: nothing follows, so a last line without newline is complete.
   * The result points into `bytes`: nobody may write to them afterwards.
   */
  decode(bytes: Uint8Array, base: number, atEnd: boolean, rowsMax: number): DecodedLines;
}

/** What a decoder found, one entry a row as in `Polled`. */
export interface DecodedLines {
  readonly length: number;
  readonly columns: readonly Column[];
  /** Position of the first byte of each row's line. */
  readonly positions: Float64Array;
  /** The lines of the rows, without their ends. */
  readonly raw: { readonly starts: Int32Array; readonly ends: Int32Array; readonly bytes: Uint8Array };
  readonly invalid: readonly InvalidRecord[];
  /** Bytes that are done with. 0: no line is complete yet, come again with more. */
  readonly consumed: number;
  /** The last line consumed is too long and not over: what follows up to the next newline belongs to it. */
  readonly cut: boolean;
}
