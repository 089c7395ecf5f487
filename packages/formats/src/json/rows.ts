import { RowsCopy } from "./cell-copies.ts";
import type { Places } from "./line-walks.ts";

/** Where the rows of a batch were read, while it is decoded. The arrays are used again by the next batch. */
export class Rows implements Places {
  length = 0;
  positions: Float64Array = new Float64Array(0);
  starts: Int32Array = new Int32Array(0);
  ends: Int32Array = new Int32Array(0);
  /** What `finish` gives where others write to the arrays, too. */
  #copies: PlacesCopy | undefined;

  /** Goes on in arrays with room for every batch, which others use as well until `finish`. */
  share({ positions, starts, ends }: Places): void {
    positions.set(this.positions.subarray(0, this.length));
    starts.set(this.starts.subarray(0, this.length));
    ends.set(this.ends.subarray(0, this.length));
    this.positions = positions;
    this.starts = starts;
    this.ends = ends;
    this.#copies = { positions: new RowsCopy(), starts: new RowsCopy(), ends: new RowsCopy() };
  }

  /** Makes room for `room` rows, keeping those there are. */
  grow(room: number): void {
    const { positions, starts, ends } = this;
    if (room <= positions.length) return;
    (this.positions = new Float64Array(room)).set(positions);
    (this.starts = new Int32Array(room)).set(starts);
    (this.ends = new Int32Array(room)).set(ends);
  }

  /** Adds a row. There is room for it. */
  add(position: number, start: number, end: number): void {
    this.positions[this.length] = position;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length++;
  }

  /** The places of all rows. */
  finish(): Places {
    const { length, positions, starts, ends } = this;
    const copies = this.#copies;
    if (copies === undefined) return { positions, starts, ends };
    return {
      positions: copies.positions.of(positions, length),
      starts: copies.starts.of(starts, length),
      ends: copies.ends.of(ends, length),
    };
  }
}

interface PlacesCopy {
  readonly positions: RowsCopy<Float64Array>;
  readonly starts: RowsCopy<Int32Array>;
  readonly ends: RowsCopy<Int32Array>;
}
