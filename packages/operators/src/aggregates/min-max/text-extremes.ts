import {
  DataflowError,
  type Aggregate,
  type Column,
  type ColumnBuilder,
  type StateTable,
  type ValueColumn,
} from "@df/core";
import { refuseRetraction, type End } from "./end.ts";

/** The part of a table's row that a smallest or largest text needs: a reference into the heap, 0 for no value. */
export function textState(name: string): readonly ValueColumn[] {
  const field = { name: `${name}.value`, type: { kind: "bytes" }, nullable: true, optional: false } as const;
  return [{ name: field.name, field }];
}

/** Keeps the smallest or largest text of each row of a table, by bytes. */
export class TextExtremes implements Aggregate {
  readonly #end: End;
  readonly #table: StateTable;
  readonly #offset: number;

  constructor(end: End, place: { readonly table: StateTable; readonly offset: number }) {
    this.#end = end;
    this.#table = place.table;
    this.#offset = place.offset;
  }

  fold(
    rows: Int32Array,
    input: Column | undefined,
    source: Int32Array,
    count: number,
    diffs?: Int32Array,
  ): void {
    if (input?.layout !== "text") {
      throw new DataflowError(
        "DF_BUG",
        `This is a bug in dataflow: ${this.#end}() was given ${input?.layout} values`,
      );
    }
    const { validity, bytes, starts, ends } = input;
    for (let i = 0; i < count; i++) {
      const from = source[i] as number;
      if (diffs !== undefined) refuseRetraction(this.#end, diffs[from] as number);
      if (validity !== undefined && validity[from] === 0) continue;
      this.#text((rows[i] as number) + this.#offset, bytes, starts[from] as number, ends[from] as number);
    }
  }

  result(rows: Int32Array, count: number, into: ColumnBuilder): void {
    const { words, heap } = this.#table;
    for (let i = 0; i < count; i++) {
      const reference = words[(rows[i] as number) + this.#offset] as number;
      if (reference === 0) into.null();
      else {
        const text = heap.get(reference);
        into.text(text, 0, text.length);
      }
    }
  }

  merge(into: Int32Array, from: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const reference = this.#table.words[(from[i] as number) + this.#offset] as number;
      if (reference === 0) continue;
      // A copy: a view of the heap ends with the next put.
      const text = this.#table.heap.get(reference).slice();
      this.#text((into[i] as number) + this.#offset, text, 0, text.length);
    }
  }

  #text(at: number, bytes: Uint8Array, start: number, end: number): void {
    const { heap, words } = this.#table;
    const old = words[at] as number;
    if (old !== 0) {
      const order = compareBytes(heap.get(old), bytes, start, end);
      if (this.#end === "max" ? order >= 0 : order <= 0) return;
      heap.free(old);
    }
    const reference = heap.put(bytes, start, end);
    this.#table.words[at] = reference;
  }
}

/**
 * Below 0 if `kept` comes before `bytes[start..end)`, 0 if they are equal. A beginning comes before its longer text.
 */
function compareBytes(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  const shared = Math.min(kept.length, end - start);
  for (let i = 0; i < shared; i++) {
    const difference = (kept[i] as number) - (bytes[start + i] as number);
    if (difference !== 0) return difference;
  }
  return kept.length - (end - start);
}
