import { BEGINNING, ColumnBuilder, type Batch, type Migration, type Schema } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { rowsByFunction } from "./by-function.ts";
import type { RewritesRows } from "./rows-column.ts";

/** Rows of before and of now, and the columns that tell them apart: a function may not change those. */
interface Between {
  readonly was: Schema;
  readonly is: Schema;
  readonly keys: readonly string[];
  readonly step: string;
}

/** Makes canonical bytes of rows those of rows of now, by a function of the user. @throws DF_MIGRATE */
export class FunctionRewriter implements RewritesRows {
  readonly #between: Between;
  readonly #from: CanonicalCodec;
  readonly #to: CanonicalCodec;
  readonly #builders: readonly ColumnBuilder[];
  readonly #change: ReturnType<typeof rowsByFunction>;

  constructor(migration: Migration, between: Between) {
    const { was, is, step } = between;
    this.#between = between;
    this.#from = new CanonicalCodec(was);
    this.#to = new CanonicalCodec(is);
    this.#builders = was.fields.map(({ type }) => new ColumnBuilder(type, 1));
    this.#change = rowsByFunction(migration, is, step);
  }

  rewrite(bytes: Uint8Array): Uint8Array {
    this.#from.decode(bytes, this.#builders);
    const batch: Batch = {
      schema: this.#between.was,
      length: 1,
      columns: this.#builders.map((builder) => builder.lend()),
      change: "append",
      times: new Float64Array(1),
      clocks: BEGINNING,
    };
    return this.#to.encode(this.#change(batch, this.#between.keys), 0);
  }
}
