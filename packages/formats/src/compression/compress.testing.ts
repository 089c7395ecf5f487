/** Compresses what tests read. */
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import type { Codec } from "./codec.ts";

/** The codecs there are, for `test.each`. */
export const CODECS: readonly Codec[] = ["gzip", "zstd"];

/** One member of gzip, or one frame of zstd, with a checksum as the command `zstd` writes it. */
export function compress(codec: Codec, content: string | Uint8Array): Buffer {
  return codec === "gzip"
    ? gzipSync(content)
    : zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}
