import { assert, unreachable } from "../assert.ts";
import type { Column, LongColumn, TextColumn, Validity } from "./column.ts";
import { grown } from "./grown.ts";
import { packText, slicesOf, textBytes } from "./text-copy.ts";
import { checkTextBytes } from "./text-limit.ts";

/** The rows `start .. end)` of a column that is made of others. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** Joins columns of one layout to one, in arrays that it uses again. */
export class ColumnJoiner {
  readonly #layout: Column["layout"];
  #length = 0;
  #validity: Validity = new Uint8Array(0);
  #hasNulls = false;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Of text: the places of `PackedText`. */
  #ints: Int32Array = new Int32Array(1);
  #doubles: Float64Array = new Float64Array(0);
  #bigints: BigInt64Array = new BigInt64Array(0);
  #isWide = false;

  constructor(layout: Column["layout"]) {
    this.#layout = layout;
  }

  /** Copies the first `count` rows of a column behind those so far. */
  add(column: Column, count: number): void {
    assert(column.layout === this.#layout, "joined columns are of one layout");
    const place: Place = { start: this.#length, end: this.#length + count };
    this.#length = place.end;
    this.#addValidity(column.validity, place);
    switch (column.layout) {
      case "bool":
        this.#bytes = grown(this.#bytes, place.end);
        this.#bytes.set(column.values.subarray(0, count), place.start);
        return;
      case "int":
        this.#ints = grown(this.#ints, place.end);
        this.#ints.set(column.values.subarray(0, count), place.start);
        return;
      case "double":
        this.#addDoubles(column.values, place);
        return;
      case "long":
        this.#addLongs(column, place);
        return;
      case "text":
        this.#addText(column, place);
        return;
      default:
        unreachable(column);
    }
  }

  /** The rows so far, until the next `add`, which begins anew. */
  take(): Column {
    const validity = this.#hasNulls ? this.#validity : undefined;
    const isWide = this.#isWide;
    const length = this.#length;
    this.#length = 0;
    this.#hasNulls = false;
    this.#isWide = false;
    const layout = this.#layout;
    switch (layout) {
      case "bool":
        return { layout, values: this.#bytes, validity };
      case "int":
        return { layout, values: this.#ints, validity };
      case "double":
        return { layout, values: this.#doubles, validity };
      case "long":
        return { layout, values: isWide ? this.#bigints : this.#doubles, validity };
      case "text":
        return { layout, ...slicesOf({ bytes: this.#bytes, places: this.#ints }, length), validity };
      default:
        return unreachable(layout);
    }
  }

  #addValidity(validity: Validity | undefined, { start, end }: Place): void {
    if (validity === undefined && !this.#hasNulls) return;
    this.#validity = grown(this.#validity, end);
    if (!this.#hasNulls) this.#validity.fill(1, 0, start);
    this.#hasNulls = true;
    if (validity === undefined) this.#validity.fill(1, start, end);
    else this.#validity.set(validity.subarray(0, end - start), start);
  }

  #addDoubles(values: Float64Array, { start, end }: Place): void {
    this.#doubles = grown(this.#doubles, end);
    this.#doubles.set(values.subarray(0, end - start), start);
  }

  #addLongs({ values }: LongColumn, place: Place): void {
    const { start, end } = place;
    if (values instanceof Float64Array && !this.#isWide) {
      this.#addDoubles(values, place);
      return;
    }
    this.#bigints = grown(this.#bigints, end);
    if (!this.#isWide)
      for (let row = 0; row < start; row++) this.#bigints[row] = BigInt(this.#doubles[row] ?? 0);
    this.#isWide = true;
    if (values instanceof BigInt64Array) this.#bigints.set(values.subarray(0, end - start), start);
    else for (let row = start; row < end; row++) this.#bigints[row] = BigInt(values[row - start] ?? 0);
  }

  #addText(text: TextColumn, { start, end }: Place): void {
    this.#ints = grown(this.#ints, end + 1);
    const needed = (this.#ints[start] as number) + textBytes(text, 0, end - start);
    checkTextBytes(needed);
    this.#bytes = grown(this.#bytes, needed);
    packText(text, { start: 0, end: end - start }, { bytes: this.#bytes, places: this.#ints }, start);
  }
}
