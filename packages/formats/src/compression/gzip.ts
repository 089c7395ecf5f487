/** Members of a gzip file (RFC 1952), one behind the other. */
import { crc32, createInflateRaw } from "node:zlib";
import { CHUNK_BYTES, Engine } from "./engine.ts";
import type { PackedBytes } from "./packed-bytes.ts";

const FIXED_BYTES = 10;
const TRAILER_BYTES = 8;
/** Longer names and comments are no names and comments. */
const HEADER_BYTES_MAX = 256 * 1024;
const CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

const NOTHING = new Uint8Array(0);

/**
 * The content of all members, piece by piece; an empty piece: there are no more bytes now. Calls `over` wherever a
 * member may begin. Zeros behind a member fill up a block of some medium, and are passed over.
 * @throws what is wrong with the bytes, as an Error
 */
export async function* gunzipped(packed: PackedBytes, over: () => void): AsyncGenerator<Uint8Array, never> {
  for (;;) {
    for (;;) {
      if (packed.place > 0 && passZeros(packed)) over();
      const header = headerBytes(packed.bytes);
      if (header !== undefined) {
        packed.take(header);
        break;
      }
      if (!(await packed.more())) yield NOTHING;
    }
    let crc = 0;
    let size = 0;
    for await (const content of inflated(packed)) {
      crc = crc32(content, crc);
      size = (size + content.length) >>> 0;
      yield content;
    }
    while (packed.bytes.length < TRAILER_BYTES) if (!(await packed.more())) yield NOTHING;
    const trailer = viewOf(packed.take(TRAILER_BYTES));
    if (trailer.getUint32(0, true) !== crc) throw new RangeError("its checksum is another one");
    if (trailer.getUint32(4, true) !== size) throw new RangeError("its length is another one");
    over();
  }
}

/** The content of one member, behind its header. */
async function* inflated(packed: PackedBytes): AsyncGenerator<Uint8Array> {
  const engine = new Engine(createInflateRaw({ chunkSize: CHUNK_BYTES }));
  try {
    for (;;) {
      const content = await engine.next();
      if (content !== undefined) yield content;
      else if (engine.isOver) break;
      else if (packed.bytes.length > 0 || (await packed.more())) engine.give(packed.take(Infinity));
      else yield NOTHING;
    }
    packed.giveBack(engine.unused);
  } finally {
    engine.close();
  }
}

/** How long the header is that the bytes begin with; undefined where it is not complete. */
function headerBytes(bytes: Uint8Array): number | undefined {
  if (!beginsAs(bytes, [0x1f, 0x8b, 8])) throw new RangeError("no member of gzip begins here");
  if (bytes.length < FIXED_BYTES) return undefined;
  const flags = bytes[3] as number;
  if ((flags & RESERVED) !== 0) throw new RangeError("its header has flags that gzip does not know");
  let end: number | undefined = FIXED_BYTES;
  if ((flags & EXTRA) !== 0) {
    if (bytes.length < end + 2) return undefined;
    end += 2 + viewOf(bytes).getUint16(end, true);
  }
  for (const text of [NAME, COMMENT]) {
    if ((flags & text) !== 0) end = end === undefined ? undefined : behindZero(bytes, end);
  }
  if (end !== undefined && (flags & CRC) !== 0) end += 2;
  if (end !== undefined && end <= bytes.length) return end;
  if (bytes.length > HEADER_BYTES_MAX) {
    throw new RangeError(`its header is longer than ${HEADER_BYTES_MAX} bytes`);
  }
  return undefined;
}

function beginsAs(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.slice(0, bytes.length).every((byte, i) => byte === bytes[i]);
}

function behindZero(bytes: Uint8Array, from: number): number | undefined {
  const zero = bytes.indexOf(0, from);
  return zero < 0 ? undefined : zero + 1;
}

function passZeros(packed: PackedBytes): boolean {
  const { bytes } = packed;
  const found = bytes.findIndex((byte) => byte !== 0);
  return packed.take(found < 0 ? bytes.length : found).length > 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
