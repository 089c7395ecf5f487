import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Compressors } from "hyparquet";

/** Codecs that other writers use; snappy is built into hyparquet. */
export const decompressors: Compressors = {
  GZIP: (input, size) => decompressed(gunzipSync(input, { maxOutputLength: limit(size) })),
  BROTLI: (input, size) => decompressed(brotliDecompressSync(input, { maxOutputLength: limit(size) })),
  ZSTD: (input, size) => decompressed(zstdDecompressSync(input, { maxOutputLength: limit(size) })),
};

/** A page says how large it is; one that is larger is not decompressed. */
function limit(sizeBytes: number): number {
  return Math.max(1, sizeBytes);
}

function decompressed(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
