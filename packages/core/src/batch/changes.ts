/** The rows of a stream as changes of the table that they describe: what code is told of a delivery. */
import { columnIndex } from "../schema/schema.ts";
import type { Shape } from "../stream.ts";
import { type Batch, diffAt } from "./batch.ts";
import { CanonicalCodec } from "./canonical.ts";
import { type RowReader, rowReader } from "./row-reader.ts";

/** A row as lambdas see it: by the name of its column. */
export type PlainRow = Readonly<Record<string, unknown>>;

/**
 * What happened to a row. Rows are plain objects of the reader's own, with the values that lambdas get.
 *
 * A stream that appends has inserts only. One of upserts has `update`, the row of its key from now on, whether or not
 * there was one before: that is not known, so `before` is null; and `delete`, whose `before` has the key columns only.
 * One of retractions, such as behind `.changelog()`, knows both: `update` has the whole row before and after, and
 * `delete` the whole row that is gone.
 */
export type Change<Row = PlainRow> =
  | { readonly op: "insert"; readonly before: null; readonly after: Row }
  | { readonly op: "update"; readonly before: Row | null; readonly after: Row }
  | { readonly op: "delete"; readonly before: Partial<Row>; readonly after: null };

/** The old half of an update, until the next row tells whether it is one. */
interface OldHalf {
  readonly row: PlainRow;
  readonly key: Uint8Array;
}

/** Reads the batches of a delivery, in their order, as changes. */
export class ChangeReader {
  readonly #change: Shape["change"];
  readonly #row: RowReader;
  readonly #keyRow: RowReader;
  /** Of retractions with a key: tells whether two halves belong together. */
  readonly #keys: CanonicalCodec | undefined;
  #old: OldHalf | undefined;

  constructor({ schema, change, key }: Shape) {
    const columns = key.map((name) => columnIndex(schema, name));
    this.#change = change;
    this.#row = rowReader(schema, "all", false);
    this.#keyRow = rowReader(schema, columns, false);
    this.#keys = change === "retract" && key.length > 0 ? new CanonicalCodec(schema, columns) : undefined;
  }

  /** The changes of a batch. An old half at its end comes with the next batch, or with `end`. */
  *read(batch: Batch): Generator<Change> {
    for (let row = 0; row < batch.length; row++) {
      if (this.#change === "append") yield { op: "insert", before: null, after: this.#row(batch, row) };
      else if (this.#change === "upsert") yield this.#upsert(batch, row);
      else yield* this.#retraction(batch, row);
    }
  }

  /** What is left at the end of a delivery. */
  *end(): Generator<Change> {
    if (this.#old !== undefined) yield deleted(this.#old.row);
    this.#old = undefined;
  }

  #upsert(batch: Batch, row: number): Change {
    if (diffAt(batch, row) < 0) return deleted(this.#keyRow(batch, row));
    return { op: "update", before: null, after: this.#row(batch, row) };
  }

  /** Operators hand on the two halves of an update directly behind each other. */
  *#retraction(batch: Batch, row: number): Generator<Change> {
    const diff = diffAt(batch, row);
    const key = this.#keys?.encode(batch, row);
    const old = this.#old;
    if (old !== undefined && key !== undefined && diff === 1 && Buffer.compare(old.key, key) === 0) {
      this.#old = undefined;
      yield { op: "update", before: old.row, after: this.#row(batch, row) };
      return;
    }
    yield* this.end();
    if (diff === -1 && key !== undefined) {
      this.#old = { row: this.#row(batch, row), key: key.slice() };
      return;
    }
    for (let left = Math.abs(diff); left > 0; left--) {
      const plain = this.#row(batch, row);
      yield diff < 0 ? deleted(plain) : { op: "insert", before: null, after: plain };
    }
  }
}

function deleted(before: PlainRow): Change {
  return { op: "delete", before, after: null };
}
