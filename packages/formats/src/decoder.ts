import type { Column, InvalidRecord, Json, Schema } from "@df/core";

/**
 * Turns bytes into columns, record by record. Sources know bytes and positions, a decoder knows where a record ends and
 * what it means: every format whose records end with line breaks can stand behind this interface.
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

/** What makes a decoder again: plain data, which another thread can be given. */
export interface DecoderRecipe {
  readonly name: string;
  readonly schema: Schema;
  readonly options: Json;
}

const remakeable = new WeakSet<LineDecoder>();

/** Says of a decoder that all it does follows from its name, its schema and its options: see `decoderOf`. */
export function remakeableDecoder<Decoder extends LineDecoder>(decoder: Decoder): Decoder {
  remakeable.add(decoder);
  return decoder;
}

/** What makes the decoder again; undefined for one that may have code of its own, as a changed copy of another has. */
export function recipeOf(decoder: LineDecoder): DecoderRecipe | undefined {
  if (!remakeable.has(decoder)) return undefined;
  const { name, schema, options } = decoder;
  return { name, schema: { fields: schema.fields }, options };
}

/** A decoder that knows which columns are read. Each split has one of its own. */
export interface OpenLineDecoder {
  /**
   * Reads what stands before the first record and decides what all of them mean, as a header does. `bytes` are the
   * first of the split; `atEnd`: nothing follows. Returns how many they are, undefined where they are not complete: come
   * again with more. Where there is such a method it is called until it is satisfied before anything is decoded,
   * also if reading goes on further behind.
   * @throws DataflowError for a split that does not fit
   */
  head?(bytes: Uint8Array, atEnd: boolean): number | undefined;
  /**
   * Decodes the complete records at the beginning of `bytes`, at most `rowsMax` (1 to `BATCH_ROWS_MAX`), blank lines
   * not counted. `base` is the position of the first byte in its split. `atEnd`: nothing follows, so a last line
   * without newline is complete.
   * The result points into `bytes`, and its arrays are written over by the next call.
   */
  decode(bytes: Uint8Array, base: number, atEnd: boolean, rowsMax: number): DecodedLines;
  /** Passes over the rest of a record of which `decode` has told that it is not over. */
  pass(bytes: Uint8Array, inside: Inside): Passed;
}

/**
 * Where bytes end within a record that is not over: "start" of a field, "plain" text, "quoted" text, or behind a
 * "quote" that closes the text or is the first of a doubled one. Formats without quotes know "plain" only.
 */
export type Inside = "start" | "plain" | "quoted" | "quote";

/** How far `pass` came. */
export interface Passed {
  readonly consumed: number;
  /** Undefined once the record is over. */
  readonly inside: Inside | undefined;
  /** Nothing was passed that could be meant for a part of the record. */
  readonly isBlank: boolean;
}

/** What a decoder found, one entry a row as in `Polled`. */
export interface DecodedLines {
  readonly length: number;
  readonly columns: readonly Column[];
  /** Position of the first byte of each row's record. */
  readonly positions: Float64Array;
  /** The records of the rows, without their ends. */
  readonly raw: { readonly starts: Int32Array; readonly ends: Int32Array; readonly bytes: Uint8Array };
  readonly invalid: readonly InvalidRecord[];
  /** Bytes that are done with. 0: no record is complete yet, come again with more. */
  readonly consumed: number;
  /** The last record consumed is too long and not over: what follows up to its end is to be passed. */
  readonly cut: boolean;
  /** Where the last record consumed stands if it has no line break: cut, or ended by the end. Default: "plain". */
  readonly inside?: Inside | undefined;
}
