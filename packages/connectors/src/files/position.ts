import type { Json } from "@df/core";
import { DataflowError } from "@df/core";
import type { Inside } from "@df/formats";

/** Bytes at the beginning of a file that tell whether it is still the same. */
export const HEAD_BYTES_MAX = 1024;

/** Where decompressing begins. */
export interface PackedPlace {
  /** Place in the file, in bytes. */
  readonly from: number;
  /** Place of its first byte in the content. */
  readonly offset: number;
}

/** Where reading a file goes on. Offsets are those of its content, which of a compressed file is what it holds. */
export interface FilePosition {
  /** Of the next byte to read. */
  readonly offset: number;
  /** Of a compressed file: where decompressing begins to come to the offset. */
  readonly packed?: PackedPlace;
  /** CRC-32 of the first `headBytes` bytes of the file, all of them before the furthest byte that was read. */
  readonly head: number;
  readonly headBytes: number;
  /**
   * The offset lies inside a line. "skip": its rest belongs to a record that was refused as too long. "taken": it was
   * taken for a record at the end of the file, so nothing but blanks may follow in it.
   */
  readonly line?: "skip" | "taken";
  /** Where in the record of that line. Default: "plain". */
  readonly inside?: Inside;
  /**
   * The file ended here, in the middle of a line that begins at the offset and was refused as it stood. If the file has
   * grown, that line is read again as a whole.
   */
  readonly seen?: number;
}

/** Validates a stored position. @throws DF_POSITION for anything else */
export function parsePosition(position: Json, path: string): FilePosition {
  const { offset, packed, head, headBytes, line, inside, seen } = (position ?? {}) as Partial<
    Record<keyof FilePosition, unknown>
  >;
  const isPosition =
    isCount(offset) &&
    (packed === undefined || (isPlace(packed) && packed.offset <= offset)) &&
    isCount(head) &&
    isCount(headBytes) &&
    headBytes <= HEAD_BYTES_MAX &&
    (line === undefined || line === "skip" || line === "taken") &&
    (inside === undefined || isInside(inside)) &&
    (seen === undefined || isCount(seen));
  if (!isPosition) {
    throw new DataflowError("DF_POSITION", `${JSON.stringify(position)} is no position in ${path}.`);
  }
  return {
    offset,
    head,
    headBytes,
    ...(packed === undefined ? {} : { packed }),
    ...(line === undefined ? {} : { line }),
    ...(inside === undefined ? {} : { inside }),
    ...(seen === undefined ? {} : { seen }),
  };
}

function isPlace(value: unknown): value is PackedPlace {
  const { from, offset } = (value ?? {}) as Partial<Record<keyof PackedPlace, unknown>>;
  return isCount(from) && isCount(offset);
}

function isInside(value: unknown): value is Inside {
  return value === "start" || value === "plain" || value === "quoted" || value === "quote";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
