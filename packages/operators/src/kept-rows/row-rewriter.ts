import type { Schema } from "@df/core";
import { ABSENT, ESCAPED, formOf, type Form } from "@df/core/batch/canonical-values";

/**
 * Makes canonical bytes (core's batch/canonical.ts) of rows those of rows with other columns: a column that they had
 * not is null, one that is no more is gone. A type may have become a wider one of its form, whose bytes are the same.
 */
export class RowRewriter {
  readonly #forms: readonly Form[];
  /** For each column of now that of before; −1 for none. */
  readonly #sources: readonly number[];
  /** Where the columns of before begin, and the end of the last one. */
  readonly #starts: Int32Array;
  #bytes: Uint8Array = new Uint8Array(256);

  constructor(was: Schema, is: Schema) {
    this.#forms = was.fields.map(({ type }) => formOf(type));
    this.#sources = is.fields.map(({ name }) => was.fields.findIndex((field) => field.name === name));
    this.#starts = new Int32Array(was.fields.length + 1);
  }

  /** A view, valid until the next call. */
  rewrite(bytes: Uint8Array): Uint8Array {
    const starts = this.#starts;
    for (let column = 0; column < this.#forms.length; column++)
      starts[column + 1] = endOf(bytes, starts[column] as number, this.#forms[column] as Form);
    const sizeMax = bytes.length + this.#sources.length;
    if (sizeMax > this.#bytes.length) this.#bytes = new Uint8Array(sizeMax * 2);
    let at = 0;
    for (const column of this.#sources) {
      if (column < 0) this.#bytes[at++] = ABSENT;
      else {
        const value = bytes.subarray(starts[column], starts[column + 1]);
        this.#bytes.set(value, at);
        at += value.length;
      }
    }
    return this.#bytes.subarray(0, at);
  }
}

/** Where the column that begins at `start` ends. */
function endOf(bytes: Uint8Array, start: number, form: Form): number {
  if (bytes[start] === ABSENT) return start + 1;
  if (form === "bool") return start + 2;
  if (form !== "text") return start + 9;
  let at = start + 1;
  while (bytes[at] !== 0 || bytes[at + 1] === ESCAPED) at += bytes[at] === 0 ? 2 : 1;
  return at + 2;
}
