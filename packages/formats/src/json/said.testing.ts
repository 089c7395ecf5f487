/** What decoders say, for tests that compare them. */
import type { Column } from "@df/core";
import { expect } from "vitest";
import type { DecodedLines, OpenLineDecoder } from "../decoder.ts";

/** Everything that a decoder says, in a form that does not depend on where it keeps it. */
export function said(decoded: DecodedLines): unknown {
  const { length, columns, positions, raw, invalid, consumed, cut } = decoded;
  const rows = Array.from({ length }, (_, row) => row);
  return {
    columns: columns.map((column) => [kindOf(column), ...rows.map((row) => cell(column, row))]),
    positions: rows.map((row) => positions[row]),
    raw: rows.map((row) => Buffer.from(raw.bytes.subarray(raw.starts[row], raw.ends[row])).toString("hex")),
    invalid: invalid.map(({ position, raw: bytes, reason }) => [
      position,
      Buffer.from(bytes).toString("hex"),
      reason,
    ]),
    consumed,
    cut,
  };
}

const kindOf = (column: Column): string =>
  `${column.layout} ${column.layout === "text" ? "" : column.values.constructor.name} ${column.validity !== undefined}`;

function cell(column: Column, row: number): unknown {
  const isNull = column.validity?.[row] === 0;
  if (column.layout !== "text") return [isNull, column.values[row]];
  const { starts, ends, bytes } = column;
  if (isNull) return [isNull, starts[row], ends[row]];
  return [isNull, Buffer.from(bytes.subarray(starts[row], ends[row])).toString("hex")];
}

/** Decodes as a source does: what is left of a piece comes again with the next one. */
export function sayAll(
  decoder: OpenLineDecoder,
  bytes: Uint8Array,
  cuts: readonly number[],
  rowsMax: number,
): unknown[] {
  const all: unknown[] = [];
  let at = 0;
  let end = 0;
  for (const cut of [...cuts, bytes.length]) {
    end = Math.min(bytes.length, end + cut);
    for (;;) {
      const decoded = decoder.decode(bytes.subarray(at, end), at, end === bytes.length, rowsMax);
      all.push(said(decoded));
      at += decoded.consumed;
      if (decoded.consumed === 0) break;
    }
  }
  expect(at).toBe(bytes.length);
  return all;
}
