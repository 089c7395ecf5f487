import { BEGINNING, ColumnBuilder, columnIndex, type Batch, type Migration, type Schema } from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { rowText } from "@df/core/batch/row-text";
import { refusal, rowsByFunction } from "./by-function.ts";
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
  readonly #migration: Migration;
  readonly #between: Between;
  readonly #from: CanonicalCodec;
  readonly #to: CanonicalCodec;
  readonly #keyFrom: CanonicalCodec;
  readonly #keyTo: CanonicalCodec;
  readonly #builders: readonly ColumnBuilder[];
  readonly #change: (batch: Batch) => Batch;

  constructor(migration: Migration, between: Between) {
    const { was, is, keys, step } = between;
    const at = (schema: Schema): number[] => keys.map((name) => columnIndex(schema, name));
    this.#migration = migration;
    this.#between = between;
    this.#from = new CanonicalCodec(was);
    this.#to = new CanonicalCodec(is);
    this.#keyFrom = new CanonicalCodec(was, at(was));
    this.#keyTo = new CanonicalCodec(is, at(is));
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
    const changed = this.#change(batch);
    if (Buffer.compare(this.#keyFrom.encode(batch, 0), this.#keyTo.encode(changed, 0)) !== 0) {
      const { step, keys } = this.#between;
      const words = new Error(
        `it gives another ${keys.map((name) => `"${name}"`).join(", ")}, which may not change`,
      );
      throw refusal(step, this.#migration, rowText(batch, 0), words);
    }
    return this.#to.encode(changed, 0);
  }
}
