import {
  BEGINNING,
  ColumnBuilder,
  schemaOf,
  type Batch,
  type Columns,
  type ReadOf,
  type Schema,
  type WriteOf,
} from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { rowReader, rowWriter, type RowReader, type RowWriter } from "@df/core/batch/rows";

/** Turns the declared state of a user's aggregate into bytes and back, by the rules of rows: −0 becomes 0. */
export class RowState<S extends Columns> {
  readonly #schema: Schema;
  readonly #codec: CanonicalCodec;
  readonly #builders: readonly ColumnBuilder[];
  readonly #read: RowReader;
  readonly #write: RowWriter;

  constructor(columns: S) {
    this.#schema = schemaOf(columns);
    this.#codec = new CanonicalCodec(this.#schema);
    this.#builders = this.#schema.fields.map((field) => new ColumnBuilder(field.type, 1));
    this.#read = rowReader(this.#schema, "all", false);
    this.#write = rowWriter(this.#schema);
  }

  /** The bytes of a state: a view, valid until the next call. @throws DF_VALUE naming the column that does not fit */
  encode(state: WriteOf<S>): Uint8Array {
    this.#write(state, this.#builders);
    return this.#codec.encode(this.#batch(), 0);
  }

  /** The state as its functions read it. @throws DF_CORRUPT */
  decode(bytes: Uint8Array): ReadOf<S> {
    this.#codec.decode(bytes, this.#builders);
    return this.#read(this.#batch(), 0) as ReadOf<S>;
  }

  #batch(): Batch {
    return {
      schema: this.#schema,
      length: 1,
      columns: this.#builders.map((builder) => builder.lend()),
      change: "append",
      times: new Float64Array(1).fill(BEGINNING),
      clocks: BEGINNING,
    };
  }
}
