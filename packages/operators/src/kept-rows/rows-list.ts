/** Values that hold several rows, one behind the other, each behind a head. */
import type { RewritesRows } from "./rows-column.ts";

const LENGTH_BYTES = 4;

/** The length of a row stands at the end of its head (uint32, big-endian). What else the heads have stays as it is. */
export function listRewriter(headBytes: number): (list: Uint8Array, rows: RewritesRows) => Uint8Array {
  const lengthAt = headBytes - LENGTH_BYTES;
  return (list, rows) => {
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < list.length;) {
      const start = at + headBytes;
      const end = start + view.getUint32(at + lengthAt);
      const row = rows.rewrite(list.subarray(start, end));
      const part = new Uint8Array(headBytes + row.length);
      part.set(list.subarray(at, at + lengthAt));
      new DataView(part.buffer).setUint32(lengthAt, row.length);
      part.set(row, headBytes);
      parts.push(part);
      at = end;
    }
    return Buffer.concat(parts);
  };
}
