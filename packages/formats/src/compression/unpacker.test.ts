import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec } from "./codec.ts";
import { codecOf } from "./codec.ts";
import { CODECS, compress } from "./compress.testing.ts";
import { PackedBytes } from "./packed-bytes.ts";
import { Unpacker } from "./unpacker.ts";
import { unzstd } from "./zstd.ts";

interface Reading {
  readonly codec: Codec;
  readonly expansionMax?: number;
  /** Bytes that come at once. Default: all. */
  readonly step?: number;
  readonly seam?: { readonly from: number; readonly offset: number };
}

/** An unpacker of bytes that lie in memory. */
function unpackerOf(bytes: Uint8Array, { codec, expansionMax = 200, step, seam }: Reading): Unpacker {
  let next = seam?.from ?? 0;
  const more = async (): Promise<Uint8Array> => {
    const chunk = bytes.slice(next, next + (step ?? bytes.length));
    next += chunk.length;
    return chunk;
  };
  return new Unpacker({ codec, expansionMax, more, seam: seam ?? { from: 0, offset: 0 } });
}

/** All content, read by so many bytes at once. */
async function contentOf(unpacker: Unpacker, sizeBytes = 4096): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const into = new Uint8Array(sizeBytes);
    const read = await unpacker.read(into);
    pieces.push(into.subarray(0, read));
    if (read < sizeBytes) return Buffer.concat(pieces);
  }
}

/** A header with everything that a header can have, and its member. */
function decoratedMember(content: string): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255, 3, 0, 1, 2, 3]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  const texts = Buffer.from("name\0comment\0\xaa\xbb", "latin1");
  return Buffer.concat([header, texts, deflateRawSync(content), trailer]);
}

describe.each(CODECS)("%s", (codec) => {
  test("gives back what was compressed, however it is cut into members, chunks and reads", async () => {
    const content = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.nat(200_000).map((length) => "ab".repeat(length)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { maxLength: 5 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 100_000 }),
        async (contents, step, sizeBytes) => {
          const bytes = Buffer.concat(contents.map((text) => compress(codec, text)));
          const unpacker = unpackerOf(bytes, { codec, step });
          expect((await contentOf(unpacker, sizeBytes)).toString()).toBe(contents.join(""));
          expect(unpacker.isWhole).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("goes on from the last seam before any offset", async () => {
    const contents = ["first ", "", "second, which is longer ", "third"];
    const bytes = Buffer.concat(contents.map((text) => compress(codec, text)));
    const whole = contents.join("");
    const begins = contents.map((_, i) => contents.slice(0, i).join("").length);
    const unpacker = unpackerOf(bytes, { codec, step: 3 });
    await contentOf(unpacker);
    for (let offset = 0; offset < whole.length; offset++) {
      const seam = unpacker.seamBefore(offset);
      expect(seam.offset).toBe(begins.findLast((begin) => begin <= offset));
      const rest = await contentOf(unpackerOf(bytes, { codec, seam }));
      expect(rest.toString()).toBe(whole.slice(seam.offset));
    }
    expect(unpacker.seamBefore(whole.length)).toEqual({ from: bytes.length, offset: whole.length });
  });

  test("tells, at every byte, whether something is begun that has to go on", async () => {
    const bytes = compress(codec, "some content");
    for (let end = 0; end <= bytes.length; end++) {
      const unpacker = unpackerOf(bytes.subarray(0, end), { codec });
      await contentOf(unpacker);
      expect([end, unpacker.isWhole]).toEqual([end, end === 0 || end === bytes.length]);
    }
  });

  test("goes on where bytes end and come later", async () => {
    const bytes = compress(codec, "abc ".repeat(1000));
    let end = 0;
    let next = 0;
    const more = async (): Promise<Uint8Array> => {
      const chunk = bytes.slice(next, end);
      next = end;
      return chunk;
    };
    const unpacker = new Unpacker({ codec, expansionMax: 200, more, seam: { from: 0, offset: 0 } });
    let content = "";
    for (; end <= bytes.length; end++) content += (await contentOf(unpacker)).toString();
    expect(content).toBe("abc ".repeat(1000));
  });

  test("notices any byte that is another one, or gives the same content", async () => {
    const content = `{"id":1,"name":"${"x".repeat(40)}"}\n`.repeat(20);
    // Level, time and system are told by a header, and mean nothing for the content.
    const bytes = compress(codec, content);
    const wrong: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8((damaged[at] as number) ^ 0x41, at);
      const unpacker = unpackerOf(damaged, { codec });
      const read = await contentOf(unpacker).catch((thrown: unknown) => String(thrown));
      const isNoticed = typeof read === "string" ? read.includes("DF_COMPRESSION") : !unpacker.isWhole;
      if (!isNoticed && read.toString() !== content) wrong.push(at);
    }
    expect(wrong).toEqual([]);
  });

  test("gives the content before the damage first, and then says where it is", async () => {
    const bytes = Buffer.concat([compress(codec, "good content"), Buffer.from("garbage behind it")]);
    const unpacker = unpackerOf(bytes, { codec });
    expect((await contentOf(unpacker)).toString()).toBe("good content");
    const place = compress(codec, "good content").length;
    await expect(contentOf(unpacker)).rejects.toThrow(
      `that begins at byte ${place} is damaged (no ${codec === "gzip" ? "member of gzip" : "frame of zstd"} begins here)`,
    );
    await expect(contentOf(unpacker)).rejects.toThrow("DF_COMPRESSION");
  });

  test("stops content that is far larger than its file, in bounded memory", async () => {
    // 1 GiB of zeros.
    const part = compress(codec, Buffer.alloc(64 * 1024 * 1024));
    const unpacker = unpackerOf(Buffer.concat(Array.from({ length: 16 }, () => part)), {
      codec,
      step: 65_536,
    });
    const into = new Uint8Array(1024 * 1024);
    let sizeBytes = 0;
    const readAll = async (): Promise<never> => {
      for (;;) sizeBytes += await unpacker.read(into);
    };
    await expect(readAll()).rejects.toThrow(
      /over 200 times as many.*expansionMax of files\(\).*DF_EXPANSION/,
    );
    expect(sizeBytes).toBeLessThan(80 * 1024 * 1024);
  });

  test("lets content be as large as it is allowed to", async () => {
    const bytes = compress(codec, Buffer.alloc(70 * 1024 * 1024));
    const unpacker = unpackerOf(bytes, { codec, expansionMax: Infinity });
    const into = new Uint8Array(1024 * 1024);
    let sizeBytes = 0;
    for (let read = into.length; read === into.length; sizeBytes += read) read = await unpacker.read(into);
    expect(sizeBytes).toBe(70 * 1024 * 1024);
  });
});

describe("gzip", () => {
  const codec = "gzip";

  test("reads headers with extra fields, name, comment and checksum, byte by byte", async () => {
    const bytes = Buffer.concat([decoratedMember("one"), decoratedMember("two")]);
    expect((await contentOf(unpackerOf(bytes, { codec, step: 1 }))).toString()).toBe("onetwo");
  });

  test("passes over zeros behind a member, and reads the one behind them", async () => {
    const zeros = Buffer.alloc(100);
    const bytes = Buffer.concat([gzipSync("one"), zeros, gzipSync("two"), zeros]);
    const unpacker = unpackerOf(bytes, { codec, step: 7 });
    expect((await contentOf(unpacker)).toString()).toBe("onetwo");
    expect(unpacker.isWhole).toBe(true);
  });

  test.each([
    ["flags", 3, 0x80, "its header has flags that gzip does not know"],
    ["a checksum", -8, 1, "its checksum is another one"],
    ["a length", -1, 1, "its length is another one"],
    ["a method", 2, 1, "no member of gzip begins here"],
  ])("refuses %s of another kind", async (_, at, bits, reason) => {
    const bytes = gzipSync("content");
    const place = at < 0 ? bytes.length + at : at;
    bytes.writeUInt8((bytes[place] as number) ^ bits, place);
    const unpacker = unpackerOf(bytes, { codec });
    const read = async (): Promise<void> => {
      await contentOf(unpacker);
      await contentOf(unpacker);
    };
    await expect(read()).rejects.toThrow(reason);
  });

  test("gives up a header that does not end", async () => {
    const bytes = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0]),
      Buffer.alloc(1 << 19, 65),
    ]);
    await expect(contentOf(unpackerOf(bytes, { codec, step: 65_536 }))).rejects.toThrow(
      "its header is longer",
    );
  });
});

describe("zstd", () => {
  const codec = "zstd";

  test("passes over frames that hold no content", async () => {
    const skippable = Buffer.concat([
      Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 0x10, 0x27, 0, 0]),
      Buffer.alloc(10_000, 1),
    ]);
    const bytes = Buffer.concat([
      skippable,
      zstdCompressSync("one"),
      skippable,
      zstdCompressSync("two"),
      skippable,
    ]);
    const unpacker = unpackerOf(bytes, { codec, step: 11 });
    expect((await contentOf(unpacker)).toString()).toBe("onetwo");
    expect(unpacker.isWhole).toBe(true);
  });

  test("refuses a frame that looks back further than 128 MiB", async () => {
    // Magic, no size told, a window of 2^31 bytes; then an empty last block.
    const bytes = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0]);
    await expect(contentOf(unpackerOf(bytes, { codec }))).rejects.toThrow("DF_COMPRESSION");
  });

  test("is refused in words by a Node that has none", async () => {
    const packed = new PackedBytes(async () => zstdCompressSync("one"), 0);
    const pieces = unzstd(packed, () => {}, { constants: zlib.constants });
    await expect(pieces.next()).rejects.toThrow(/Run it with Node 22\.15 or newer.*DF_COMPRESSION/);
  });
});

test("what bytes are compressed with is told by the first of them, and only if they suffice", () => {
  expect(codecOf(gzipSync(""), false)).toBe("gzip");
  expect(codecOf(zstdCompressSync(""), false)).toBe("zstd");
  expect(codecOf(Buffer.from([0x53, 0x2a, 0x4d, 0x18]), false)).toBe("zstd");
  expect(codecOf(Buffer.from('{"id":1}'), false)).toBe("none");
  expect(codecOf(Buffer.from([0x1f]), false)).toBe(undefined);
  expect(codecOf(Buffer.from([0x1f]), true)).toBe("none");
  expect(codecOf(new Uint8Array(0), false)).toBe(undefined);
  expect(codecOf(new Uint8Array(0), true)).toBe("none");
  expect(() => codecOf(Buffer.from("PK\x03\x04"), true)).toThrow(/compressed with zip.*DF_COMPRESSION/);
});
