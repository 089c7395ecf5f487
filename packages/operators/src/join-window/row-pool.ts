import { ColumnBuilder, type Column } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { HEAD_BYTES, heldSchema } from "./held-rows.ts";
import type { SideLayout } from "./layout.ts";

/** Rows of one side, of several keys one after another, as columns again. */
export class RowPool {
  readonly #codec: CanonicalCodec;
  readonly #builders: readonly ColumnBuilder[];
  /** Rows so far. */
  length = 0;

  constructor(side: SideLayout) {
    const held = heldSchema(side);
    this.#codec = new CanonicalCodec(held);
    this.#builders = held.fields.map(({ type }) => new ColumnBuilder(type));
  }

  /** Adds the rows of a list in the order of their bytes, so that it does not show in which order they came. */
  add(list: Uint8Array): void {
    const places = placesIn(list);
    for (const { start, end } of places) this.#codec.decode(list.subarray(start, end), this.#builders);
    this.length += places.length;
  }

  /** The held columns of all rows; the pool is empty afterwards. */
  take(): Column[] {
    this.length = 0;
    return this.#builders.map((builder) => builder.lend());
  }
}

/** Where the rows of a list lie, behind their heads, in the order of their bytes. */
function placesIn(list: Uint8Array): { readonly start: number; readonly end: number }[] {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  const places: { readonly start: number; readonly end: number }[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + HEAD_BYTES;
    at = start + bytes.readUInt32BE(at);
    places.push({ start, end: at });
  }
  if (places.length < 2) return places;
  return places.toSorted((a, b) => bytes.compare(bytes, b.start, b.end, a.start, a.end));
}
