import type { Batch, ChangeMode, Origin } from "../batch/batch.ts";
import { packText, slicesOf, textBytes } from "../batch/text-copy.ts";
import type { Schema } from "../schema/schema.ts";
import { HEAD, headOf, Memory, putColumns, sizeOf, takeColumns, takeHead } from "./column-memory.ts";

/** A batch for another thread, with all that its rows have in one piece of memory, which comes back. */
export interface BatchParcel {
  readonly buffer: ArrayBuffer;
  readonly change: ChangeMode;
  readonly origin: Pick<Origin, "source" | "split"> | undefined;
  /** Of all rows; undefined where each has its own. */
  readonly clock: number | undefined;
}

/** What there is besides columns. */
const HAS_DIFFS = 1;
const HAS_ORIGIN = 2;
const HAS_RAW = 4;
/** Arrays besides columns: diffs, times, clocks, positions, and the places of raw records. */
const OTHER_ARRAYS = 5;

/** Copies a batch, into `spare` where that fits. Text lies there in the order of its rows. */
export function packBatch(batch: Batch, spare: ArrayBuffer | undefined): BatchParcel {
  const { length, columns, change, diffs, times, clocks, origin } = batch;
  const raw = origin?.raw;
  const extras =
    (diffs === undefined ? 0 : HAS_DIFFS) |
    (origin === undefined ? 0 : HAS_ORIGIN) |
    (raw === undefined ? 0 : HAS_RAW);
  const head = headOf(batch, { extras, rawBytes: raw === undefined ? 0 : textBytes(raw, 0, length) });
  const buffer = Memory.of(sizeOf(head, OTHER_ARRAYS), spare);
  const memory = new Memory(buffer);
  memory.ints(head.length).set(head);
  memory.doubles(length).set(times.subarray(0, length));
  if (typeof clocks !== "number") memory.doubles(length).set(clocks.subarray(0, length));
  if (diffs !== undefined) memory.ints(length).set(diffs.subarray(0, length));
  if (origin !== undefined) memory.doubles(length).set(origin.positions.subarray(0, length));
  if (raw !== undefined) {
    const into = { places: memory.ints(length + 1), bytes: memory.bytes(head[HEAD.rawBytes] as number) };
    into.places[0] = 0;
    packText(raw, { start: 0, end: length }, into, 0);
  }
  putColumns(columns, head, memory);
  return {
    buffer,
    change,
    origin: origin && { source: origin.source, split: origin.split },
    clock: typeof clocks === "number" ? clocks : undefined,
  };
}

/** The batch, which points into the parcel. */
export function openBatch({ buffer, change, origin, clock }: BatchParcel, schema: Schema): Batch {
  const memory = new Memory(buffer);
  const head = takeHead(schema, memory);
  const length = head[HEAD.rows] as number;
  const has = head[HEAD.extras] as number;
  const times = memory.doubles(length);
  const clocks = clock ?? memory.doubles(length);
  const diffs = (has & HAS_DIFFS) === 0 ? undefined : memory.ints(length);
  const positions = (has & HAS_ORIGIN) === 0 ? undefined : memory.doubles(length);
  const raw =
    (has & HAS_RAW) === 0
      ? undefined
      : slicesOf(
          { places: memory.ints(length + 1), bytes: memory.bytes(head[HEAD.rawBytes] as number) },
          length,
        );
  const columns = takeColumns(schema, head, memory);
  return {
    schema,
    length,
    columns,
    change,
    diffs,
    times,
    clocks,
    origin: origin && positions && { ...origin, positions, raw },
  };
}
