import {
  columnIndex,
  ColumnBuilder,
  DataflowError,
  type Answer,
  type Batch,
  type Column,
  type InvalidRecord,
  type Json,
  type Position,
  type Schema,
  type SplitReader,
} from "@df/core";
import { decodeFrames } from "@df/core/batch/frame";
import { gatherRows } from "@df/core/batch/gather";
import { Patience } from "../live/arrivals.ts";
import type { InboxExtent, InboxRecord, StoredRecord } from "./inbox-file.ts";
import type { InboxLog } from "./inbox-log.ts";

/** What a reader wants of an inbox, and what it knows of the source that fills it. */
export interface InboxReading {
  readonly log: InboxLog;
  /** All columns, and those that are read. */
  readonly schema: Schema;
  readonly wanted: Schema;
  readonly first: number;
  /** Whether no more rows come. @throws what the source failed with */
  readonly ended: () => boolean;
}

/** Records that were taken from the inbox and not handed on. */
type Part =
  | { readonly kind: "rows"; readonly batch: Batch; readonly first: number }
  | {
      readonly kind: "refused";
      readonly records: readonly Omit<InvalidRecord, "position">[];
      readonly first: number;
    };

/** Reads the log of an inbox in the order of its numbers. */
export class InboxReader implements SplitReader {
  readonly #reading: InboxReading;
  readonly #columns: readonly number[];
  readonly #patience = new Patience();
  readonly #leave: () => void;
  #parts: Part[] = [];
  #next: number;

  constructor(reading: InboxReading) {
    this.#reading = reading;
    this.#columns = reading.wanted.fields.map(({ name }) => columnIndex(reading.schema, name));
    this.#next = reading.first;
    this.#leave = reading.log.onChange(() => this.#patience.ring());
  }

  async poll(rowsMax: number): Promise<Answer> {
    const { log, ended } = this.#reading;
    this.#patience.begin();
    try {
      while (this.#parts.length === 0) {
        // Asked before the log is read: what the source gave before its end is in the log then.
        const last = ended();
        const record = await log.read(this.#next);
        if (record !== undefined) this.#parts = partsOf(record, this.#next);
        else if (last) return "end";
        else if (this.#patience.over) return "idle";
        else await this.#patience.wait();
      }
    } finally {
      this.#patience.finish();
    }
    const part = this.#parts.shift() as Part;
    return part.kind === "rows" ? this.#rows(part, rowsMax) : this.#refused(part, rowsMax);
  }

  async close(): Promise<void> {
    this.#leave();
  }

  #rows({ batch, first }: Part & { readonly kind: "rows" }, rowsMax: number): Answer {
    const length = Math.min(rowsMax, batch.length);
    const given = length === batch.length ? batch : slice(batch, 0, length);
    if (length < batch.length) {
      this.#parts.unshift({ kind: "rows", batch: slice(batch, length, batch.length), first: first + length });
    }
    const columns = this.#columns.map((index) => given.columns[index] as Column);
    return this.#polled(first + length, { length, columns, positions: numbers(first, length), invalid: [] });
  }

  #refused({ records, first }: Part & { readonly kind: "refused" }, rowsMax: number): Answer {
    const now = records.slice(0, rowsMax);
    if (now.length < records.length) {
      this.#parts.unshift({ kind: "refused", records: records.slice(rowsMax), first: first + now.length });
    }
    const columns = this.#reading.wanted.fields.map(({ type }) => new ColumnBuilder(type, 1).take());
    const invalid = now.map((record, i) => ({ ...record, position: first + i }));
    return this.#polled(first + now.length, { length: 0, columns, positions: numbers(first, 0), invalid });
  }

  #polled(next: number, polled: Omit<Exclude<Answer, string>, "next">): Answer {
    this.#next = next;
    return { ...polled, next: positionOf(this.#reading.log.extent, next) };
  }
}

/** Refused records as one record of the inbox. */
export function refusedRecord(records: readonly InvalidRecord[]): InboxRecord {
  const texts = records.map(({ raw, reason }) => ({ raw: Buffer.from(raw).toString("base64"), reason }));
  return { kind: "refused", length: records.length, bytes: Buffer.from(JSON.stringify(texts)) };
}

/** The rows of a record from a number on. */
function partsOf({ kind, first, bytes }: StoredRecord, from: number): Part[] {
  let at = first;
  if (kind === "refused") {
    const texts = JSON.parse(Buffer.from(bytes).toString()) as { raw: string; reason: string }[];
    const records = texts.map(({ raw, reason }) => ({ raw: Buffer.from(raw, "base64"), reason }));
    return [{ kind, records: records.slice(from - first), first: from }];
  }
  return decodeFrames(bytes).flatMap((batch): Part[] => {
    const begin = at;
    at += batch.length;
    if (at <= from) return [];
    if (begin >= from) return [{ kind, batch, first: begin }];
    return [{ kind, batch: slice(batch, from - begin, batch.length), first: from }];
  });
}

function slice(batch: Batch, start: number, end: number): Batch {
  return gatherRows(
    batch,
    Int32Array.from({ length: end - start }, (_, i) => start + i),
    end - start,
  );
}

function numbers(first: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => first + i);
}

function positionOf({ inbox }: InboxExtent, sequence: number): Position {
  return { inbox, sequence };
}

/**
 * The number that a position names in an inbox; without one its oldest row.
 * @throws DF_POSITION where the inbox is another one, or has no such row any more, or not yet
 */
export function sequenceOf(position: Position | undefined, extent: InboxExtent, file: string): number {
  if (position === undefined) return extent.first;
  const { inbox, sequence } = partsOfPosition(position);
  const wayOn = "or start with a new state directory (--state-dir) and new targets";
  if (inbox !== extent.inbox) {
    throw new DataflowError(
      "DF_POSITION",
      `The inbox ${file} is not the one that the state has read: that one was removed, or lies elsewhere. Put it back, ${wayOn}: what this one keeps is read then.`,
    );
  }
  if (sequence < extent.first) {
    throw new DataflowError(
      "DF_POSITION",
      `The state goes on at row ${sequence} of the inbox ${file}, which has given back those before ${extent.first}: the state is an older copy. Put back the newest one, ${wayOn}.`,
    );
  }
  if (sequence > extent.next) {
    throw new DataflowError(
      "DF_POSITION",
      `The state goes on at row ${sequence} of the inbox ${file}, which has ${extent.next}: the inbox is an older copy. Put back the newest one, ${wayOn}.`,
    );
  }
  return sequence;
}

function partsOfPosition(position: Json): { readonly inbox: unknown; readonly sequence: number } {
  if (typeof position === "object" && position !== null && "inbox" in position && "sequence" in position) {
    const { inbox, sequence } = position;
    if (typeof sequence === "number" && Number.isSafeInteger(sequence) && sequence >= 0)
      return { inbox, sequence };
  }
  throw new DataflowError("DF_POSITION", `${JSON.stringify(position)} is no position of an inbox.`);
}
