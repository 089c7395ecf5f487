/** The loops over the values and bytes of a chunk, which take nearly all of the time. */
import type { Column, Field } from "@df/core";
import { ByteSink } from "../byte-sink.ts";
import { boundsOf } from "./bounds.ts";
import type { Bounds } from "./bounds.ts";
import { codesOf } from "./dictionary.ts";
import type { Dictionary, DictionaryLimits } from "./dictionary.ts";
import { writeHybrid } from "./hybrid.ts";
import { writePlain } from "./plain.ts";
import { compressSnappy } from "./snappy.ts";
import { presentValues } from "./values.ts";
import type { Int32Values, Int64Values, TextValues, Values } from "./values.ts";

/**
 * One set of these loops; all sets make the same bytes. What they return may lie in memory that is used again: values
 * with the next chunk, a page with the next page.
 */
export interface ChunkLoops {
  /** See `presentValues` in values.ts. */
  readonly presentValues: (field: Field, column: Column, start: number, end: number) => Values;
  /** See `codesOf` in dictionary.ts. */
  readonly codesOf: (
    values: Int32Values | Int64Values | TextValues,
    limits: DictionaryLimits,
  ) => Dictionary | undefined;
  /** See `boundsOf` in bounds.ts. */
  readonly boundsOf: (values: Values) => Bounds | undefined;
  /** See `writePlain` in plain.ts. */
  readonly writePlain: (values: Values, start: number, end: number, out: ByteSink) => void;
  /** See `writeHybrid` in hybrid.ts. */
  readonly writeHybrid: (
    values: Int32Array | Uint8Array,
    range: { readonly start: number; readonly end: number },
    width: number,
    out: ByteSink,
  ) => void;
  /** See `compressSnappy` in snappy.ts. */
  readonly compressSnappy: (source: ByteSink, out: ByteSink) => void;
  /** Where a page comes about, and where it is compressed: empty. */
  readonly sinks: () => { readonly page: ByteSink; readonly compressed: ByteSink };
}

/** The loops in JavaScript: for what is small or too large for the others, and to prove them by. */
export const PLAIN_LOOPS: ChunkLoops = {
  presentValues,
  codesOf,
  boundsOf,
  writePlain,
  writeHybrid,
  compressSnappy,
  sinks: () => ({ page: new ByteSink(), compressed: new ByteSink() }),
};
