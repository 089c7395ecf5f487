import type { Column } from "@df/core";
import { unreachable } from "@df/core";

/** Room is made for some rows more than there are. */
const SPARE = 1.25;

/** An array of one's own for rows that were written to one that others use as well; written over by the next copy. */
export class RowsCopy<A extends Float64Array | Int32Array | Uint8Array | BigInt64Array> {
  #copy: A | undefined;

  /** The first `rows` entries of `from`, which is of the same class each time. */
  of(from: A, rows: number): A {
    if (this.#copy === undefined || this.#copy.length < rows) {
      return (this.#copy = from.slice(0, Math.ceil(rows * SPARE)) as A);
    }
    (this.#copy as Float64Array).set(from.subarray(0, rows) as Float64Array);
    return this.#copy;
  }
}

/** The arrays of a column that was written to those of others. */
export class CellCopies {
  readonly #bytes: RowsCopy<Uint8Array> = new RowsCopy();
  readonly #ints: RowsCopy<Int32Array> = new RowsCopy();
  readonly #doubles: RowsCopy<Float64Array> = new RowsCopy();
  readonly #ends: RowsCopy<Int32Array> = new RowsCopy();
  readonly #validity: RowsCopy<Uint8Array> = new RowsCopy();

  /** The column with its first `rows` rows; valid until the next call. */
  of(column: Column, rows: number): Column {
    const { layout } = column;
    const validity = column.validity && this.#validity.of(column.validity, rows);
    switch (layout) {
      case "bool":
        return { layout, values: this.#bytes.of(column.values, rows), validity };
      case "int":
        return { layout, values: this.#ints.of(column.values, rows), validity };
      case "double":
        return { layout, values: this.#doubles.of(column.values, rows), validity };
      case "long": {
        const { values } = column;
        // Wide ones are made anew for each batch.
        return {
          layout,
          values: values instanceof Float64Array ? this.#doubles.of(values, rows) : values,
          validity,
        };
      }
      case "text": {
        const { starts, ends, bytes } = column;
        return {
          layout,
          starts: this.#ints.of(starts, rows),
          ends: this.#ends.of(ends, rows),
          bytes,
          validity,
        };
      }
      default:
        return unreachable(layout);
    }
  }
}
