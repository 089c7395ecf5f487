/** Packed columns as a Parquet file, on whichever thread it is called. */
import type { Column, Schema } from "@df/core";
import { joined } from "../bytes.ts";
import { joinBounds } from "./bounds.ts";
import type { Bounds } from "./bounds.ts";
import { writeChunk } from "./column-chunk.ts";
import type { EncodeLimits } from "./column-chunk.ts";
import type { ColumnStatistics, ParquetFile } from "./encoder.ts";
import { FileBody } from "./file-body.ts";
import { USUAL_FORM } from "./file-form.ts";
import type { FileForm } from "./file-form.ts";
import { footerOf } from "./footer.ts";
import type { RowGroup } from "./footer.ts";
import { usualLoops } from "./kernels/usual-loops.ts";
import type { ChunkLoops } from "./loops.ts";
import type { PackedRows } from "./pack.ts";
import { columnStatistics } from "./statistics.ts";

/**
 * Row groups as DuckDB has them: large enough to compress well, small enough to be read in parallel. Pages and
 * dictionaries as parquet-java has them.
 */
export const ENCODE_LIMITS: EncodeLimits = {
  rowGroupRows: 122_880,
  pageBytes: 1024 * 1024,
  dictionaryBytes: 1024 * 1024,
  dictionaryValues: 65_536,
};

const MAGIC = new TextEncoder().encode("PAR1");

/** How a file is made. */
export interface Encoding {
  readonly form?: FileForm | undefined;
  readonly limits?: EncodeLimits | undefined;
  readonly loops?: ChunkLoops | undefined;
}

/**
 * One file: flat columns, OPTIONAL exactly where the schema is nullable. Values go from the columns' arrays
 * into bytes, and never through JavaScript values of their own.
 *
 * Only what every reader knows: pages of version 1, PLAIN, and dictionaries for what repeats.
 * @throws DF_PARQUET for a timestamp that is no whole number, and for a value of 2 GiB
 */
export function encodeFile(
  schema: Schema,
  packed: PackedRows,
  { form = USUAL_FORM, limits = ENCODE_LIMITS, loops = usualLoops(packed.rows) }: Encoding = {},
): ParquetFile {
  const body = new FileBody(loops, form);
  body.append(MAGIC);
  const rowGroups: RowGroup[] = [];
  for (let start = 0; start < packed.rows; start += limits.rowGroupRows) {
    const end = Math.min(packed.rows, start + limits.rowGroupRows);
    const offset = body.length;
    const chunks = schema.fields.map((field, i) =>
      writeChunk(body, { field, column: packed.columns[i] as Column }, { start, end }, limits),
    );
    rowGroups.push({ rows: end - start, offset, chunks });
  }
  const footer = footerOf({ schema, rows: packed.rows, rowGroups, form });
  body.append(footer);
  body.append(new Uint8Array(Uint32Array.of(footer.length).buffer));
  body.append(MAGIC);
  return { bytes: joined(body.pieces), rows: packed.rows, statistics: statisticsOf(schema, rowGroups) };
}

function statisticsOf(schema: Schema, rowGroups: readonly RowGroup[]): ColumnStatistics[] {
  return schema.fields.map((field, i) => {
    let nullCount = 0;
    let bounds: Bounds | undefined;
    for (const { chunks } of rowGroups) {
      nullCount += chunks[i]?.nullCount ?? 0;
      bounds = joinBounds(bounds, chunks[i]?.bounds);
    }
    return columnStatistics(field, nullCount, bounds);
  });
}
