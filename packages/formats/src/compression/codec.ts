import { DataflowError } from "@df/core";

/** How a file is compressed. */
export type Codec = "gzip" | "zstd";

const MAGIC_BYTES_MAX = 6;

/** What files begin with. In the last place of those that a skippable frame of zstd has, 16 bytes are possible. */
const MAGICS: readonly {
  readonly name: Codec | "xz" | "bzip2" | "zip";
  readonly bytes: readonly number[];
}[] = [
  { name: "gzip", bytes: [0x1f, 0x8b] },
  { name: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  ...Array.from({ length: 16 }, (_, i) => ({ name: "zstd" as const, bytes: [0x50 + i, 0x2a, 0x4d, 0x18] })),
  { name: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: "zip", bytes: [0x50, 0x4b, 0x03, 0x04] },
];

/**
 * How the file is compressed that begins with these bytes, all of them or `MAGIC_BYTES_MAX` and more; "none" for what
 * begins otherwise. Undefined where the next bytes decide, and `atEnd` does not say that there are none.
 * @throws DF_COMPRESSION for formats that are known and not read
 */
export function codecOf(bytes: Uint8Array, atEnd: boolean): Codec | "none" | undefined {
  const first = bytes.subarray(0, MAGIC_BYTES_MAX);
  let isOpen = false;
  for (const { name, bytes: magic } of MAGICS) {
    if (!magic.slice(0, first.length).every((byte, i) => byte === first[i])) continue;
    if (first.length < magic.length) isOpen = true;
    else if (name === "gzip" || name === "zstd") return name;
    else {
      throw new DataflowError(
        "DF_COMPRESSION",
        `It is compressed with ${name}, and files() reads gzip and zstd. Unpack it first, or say ` +
          'compression: "none" if its bytes are the records.',
      );
    }
  }
  return isOpen && !atEnd ? undefined : "none";
}
