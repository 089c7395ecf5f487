/** The compact protocol of Apache Thrift, as far as Parquet's page headers and footer need it. */
import { ByteSink } from "../byte-sink.ts";

const TRUE = 1;
const FALSE = 2;
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Type of the elements of a list. */
export type ElementType = "i32" | "binary" | "struct";

const ELEMENT: Readonly<Record<ElementType, number>> = { i32: I32, binary: BINARY, struct: STRUCT };

const encoder = new TextEncoder();

/**
 * Writes one struct, field by field in ascending order of their ids, and the structs within it.
 *
 * Source: thrift-compact-protocol.md of Apache Thrift.
 */
export class ThriftWriter {
  readonly #out = new ByteSink();
  #lastId = 0;

  i32(id: number, value: number): void {
    this.#field(id, I32);
    this.zigzag(value);
  }

  i64(id: number, value: number): void {
    this.#field(id, I64);
    this.zigzag(value);
  }

  bool(id: number, value: boolean): void {
    this.#field(id, value ? TRUE : FALSE);
  }

  text(id: number, value: string): void {
    this.binary(id, encoder.encode(value));
  }

  binary(id: number, value: Uint8Array): void {
    this.#field(id, BINARY);
    this.#bytes(value);
  }

  struct(id: number, fields: () => void): void {
    this.#field(id, STRUCT);
    this.element(fields);
  }

  list<T>(id: number, of: ElementType, items: readonly T[], write: (item: T) => void): void {
    const type = ELEMENT[of];
    this.#field(id, LIST);
    if (items.length < 15) this.#out.byte((items.length << 4) | type);
    else {
      this.#out.byte(0xf0 | type);
      this.#out.varint(items.length);
    }
    for (const item of items) write(item);
  }

  /** A struct as an element of a list. */
  element(fields: () => void): void {
    const outerId = this.#lastId;
    this.#lastId = 0;
    fields();
    this.#out.byte(0);
    this.#lastId = outerId;
  }

  /** A string as an element of a list. */
  textElement(value: string): void {
    this.#bytes(encoder.encode(value));
  }

  /** A number as an element of a list. */
  zigzag(value: number): void {
    this.#out.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** Ends the outermost struct; its bytes. The writer begins anew. */
  take(): Uint8Array {
    this.#out.byte(0);
    const bytes = this.#out.slice();
    this.#out.length = 0;
    this.#lastId = 0;
    return bytes;
  }

  #field(id: number, type: number): void {
    const step = id - this.#lastId;
    if (step > 0 && step < 16) this.#out.byte((step << 4) | type);
    else {
      this.#out.byte(type);
      this.zigzag(id);
    }
    this.#lastId = id;
  }

  #bytes(value: Uint8Array): void {
    this.#out.varint(value.length);
    this.#out.append(value);
  }
}
