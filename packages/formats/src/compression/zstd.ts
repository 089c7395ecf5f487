/** Frames of a zstd file (RFC 8878), one behind the other. */
import * as zlib from "node:zlib";
import { DataflowError } from "@df/core";
import { CHUNK_BYTES, Engine } from "./engine.ts";
import type { PackedBytes } from "./packed-bytes.ts";
import { FrameWalk, frameHead } from "./zstd-frame.ts";
import type { FrameHead } from "./zstd-frame.ts";

const NOTHING = new Uint8Array(0);
/** A frame that wants to look back further is refused: 2^27 bytes, the limit of the command `zstd`. */
const WINDOW_LOG_MAX = 27;

/** What zlib has of zstd: Node has it since 22.15. */
type Zstd = Pick<typeof zlib, "constants"> & Partial<Pick<typeof zlib, "createZstdDecompress">>;

/**
 * The content of all frames, piece by piece; an empty piece: there are no more bytes now. Calls `over` wherever a frame
 * may begin.
 * @throws what is wrong with the bytes, as an Error; DF_COMPRESSION where this Node has no zstd
 */
export async function* unzstd(
  packed: PackedBytes,
  over: () => void,
  zstd: Zstd = zlib,
): AsyncGenerator<Uint8Array, never> {
  const { createZstdDecompress, constants } = zstd;
  if (createZstdDecompress === undefined) {
    throw new DataflowError(
      "DF_COMPRESSION",
      `Node ${process.versions.node} does not read zstd. Run it with Node 22.15 or newer, or compress with gzip.`,
    );
  }
  const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX };
  for (;;) {
    let head: FrameHead | undefined;
    while ((head = frameHead(packed.bytes)) === undefined) if (!(await packed.more())) yield NOTHING;
    if (head.kind === "skippable") {
      let left = head.bytes;
      for (;;) {
        left -= packed.take(left).length;
        if (left === 0) break;
        if (!(await packed.more())) yield NOTHING;
      }
    } else {
      const engine = new Engine(createZstdDecompress({ chunkSize: CHUNK_BYTES, params }));
      yield* decompressed(packed, engine, new FrameWalk(head));
    }
    over();
  }
}

/** The content of one frame. */
async function* decompressed(
  packed: PackedBytes,
  engine: Engine,
  walk: FrameWalk,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const content = await engine.next();
      if (content !== undefined) yield content;
      else if (engine.isOver) return;
      else if (walk.isOver) engine.end();
      else if (packed.bytes.length > 0 || (await packed.more())) {
        engine.give(packed.take(walk.pass(packed.bytes)));
      } else yield NOTHING;
    }
  } finally {
    engine.close();
  }
}
