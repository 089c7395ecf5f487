/** The rows that decoders are measured with. */
import { pick, t } from "@df/core";
import type { LineDecoder } from "@df/formats";
import type { Done } from "../benchmark.ts";

/** Rows of an input. */
export const ROWS = 50_000;
const CHUNK_BYTES = 256 * 1024;
const BATCH_ROWS = 4096;

/** A row before it is text. */
export type Plain = Readonly<Record<string, string | number>>;

/** A bid of the Nexmark benchmark. */
export const Bid = t.row({
  type: t.string(),
  eid: t.int(),
  auction: t.int(),
  bidder: t.int(),
  price: t.int(),
  channel: t.string(),
  url: t.string(),
  dateTime: t.timestamp({ json: "ms" }),
  extra: t.string(),
});
/** The columns that a query of bids needs. */
export const FEW: readonly string[] = ["type", "auction", "price", "dateTime"];
/** All columns of a bid. */
export const ALL: readonly string[] = Bid.schema.fields.map(({ name }) => name);

/** Bid number `i`. */
export function bid(i: number): Plain {
  const random = Math.imul(i, 0x9e3779b1) >>> 0;
  const text = random.toString(36);
  return {
    type: "bid",
    eid: i,
    auction: 1000 + (random % 5000),
    bidder: 1000 + (random % 9000),
    price: 100 + (random % 10 ** (2 + (i % 7))),
    channel: `channel-${random % 10_000}`,
    url: `https://www.nexmark.com/${text}/${text}/item.htm?query=1&channel_id=${random % 1_000_000}`,
    dateTime: 1_700_000_000_000 + i,
    extra: (text + text).repeat(3 + (i % 3)),
  };
}

/** JSON Lines of `ROWS` rows. */
export function jsonLines(line: (i: number) => string): Buffer {
  return Buffer.from(Array.from({ length: ROWS }, (_, i) => `${line(i)}\n`).join(""));
}

/** Decodes all lines in pieces, as a source does. `learned`: by code that is generated for them. */
export function decoding(
  decode: LineDecoder,
  columns: readonly string[],
  text: Buffer,
  learned = true,
): () => Done {
  const decoder = decode.open(pick(decode.schema, columns), learned);
  const bytes = new Uint8Array(text.buffer, text.byteOffset, text.length);
  const first = decoder.head?.(bytes, true) ?? 0;
  return () => {
    let units = 0;
    for (let at = first; at < bytes.length;) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      const decoded = decoder.decode(chunk, at, at + chunk.length === bytes.length, BATCH_ROWS);
      if (decoded.invalid.length > 0) throw new Error(decoded.invalid[0]?.reason);
      units += decoded.length;
      at += decoded.consumed;
    }
    return { units };
  };
}
