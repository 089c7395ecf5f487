/** How pages of a Parquet file are compressed. */
import * as zlib from "node:zlib";
import { DataflowError } from "@df/core";
import type { ByteSink } from "../byte-sink.ts";

/** `snappy`: the least CPU. `zstd`: smaller files. */
export type Compression = "snappy" | "zstd";

/** As a footer names them: `CompressionCodec` of parquet.thrift. */
const NUMBERS: Readonly<Record<Compression, number>> = { snappy: 1, zstd: 6 };

/** All there are. */
export const COMPRESSIONS: readonly Compression[] = ["snappy", "zstd"];

/** Higher levels take a multiple of the CPU for a few hundredths of the size. */
const ZSTD_LEVEL = 1;

/** Since Node 22.15. */
const HAS_ZSTD = "zstdCompressSync" in zlib;

/** The number by which a footer names it. */
export function compressionNumber(compression: Compression): number {
  return NUMBERS[compression];
}

/** Whether it is the name of one. */
export function isCompression(given: unknown): given is Compression {
  return COMPRESSIONS.some((compression) => compression === given);
}

/** @throws DF_COMPRESSION where this Node cannot compress so */
export function checkCompression(compression: Compression, hasZstd: boolean = HAS_ZSTD): void {
  if (compression !== "zstd" || hasZstd) return;
  throw new DataflowError(
    "DF_COMPRESSION",
    `Node ${process.versions.node} does not write zstd. Run it with Node 22.15 or newer, or leave out ` +
      'compression: "zstd".',
  );
}

/** Appends all bytes of `source` to `out`, as a frame of zstd (RFC 8878). */
export function compressZstd(source: ByteSink, out: ByteSink): void {
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
  out.append(zlib.zstdCompressSync(source.bytes.subarray(0, source.length), { params }));
}
