/** The rows that quarantine sinks receive. */
import type { Schema } from "../schema/schema.ts";
import type { Shape } from "../stream.ts";

/**
 * A record that could not be decoded, or a row that was refused. It has no wall-clock time: two runs over the same
 * input must leave the same quarantine.
 */
export type QuarantineRow = {
  /** The record as it was read; the row as JSON text where there was none, or it is not known any more. */
  raw: Uint8Array;
  reason: string;
  /** Id of the source or operator that refused it. */
  node: string;
  split: string | null;
  /** JSON of the position within the split. */
  position: string | null;
};

/** Columns of `QuarantineRow`, in this order. */
export const QUARANTINE_SCHEMA: Schema = {
  fields: [
    { name: "raw", type: { kind: "bytes" }, nullable: false, optional: false },
    { name: "reason", type: { kind: "string" }, nullable: false, optional: false },
    { name: "node", type: { kind: "string" }, nullable: false, optional: false },
    { name: "split", type: { kind: "string" }, nullable: true, optional: false },
    { name: "position", type: { kind: "string" }, nullable: true, optional: false },
  ],
};

/** What a quarantine sink is asked to take. */
export const QUARANTINE_SHAPE: Shape = { schema: QUARANTINE_SCHEMA, change: "append", key: [], timed: false };
