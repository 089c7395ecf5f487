/** The footer of a file. Field ids and numbers: parquet.thrift of apache/parquet-format. */
import { own } from "@df/core";
import type { Field, Schema } from "@df/core";
import type { Chunk } from "./column-chunk.ts";
import { compressionNumber } from "./compression.ts";
import type { FileForm } from "./file-form.ts";
import { ENCODING, PAGE_TYPE } from "./page-header.ts";
import { storedBounds } from "./statistics.ts";
import { storedType } from "./stored-type.ts";
import { ThriftWriter } from "./thrift.ts";

const REQUIRED = 0;
const OPTIONAL = 1;

/** Rows of all columns that lie together; one chunk per column. */
export interface RowGroup {
  readonly rows: number;
  readonly offset: number;
  readonly chunks: readonly Chunk[];
}

/** What a footer tells of. */
export interface FileParts {
  readonly schema: Schema;
  readonly rows: number;
  readonly rowGroups: readonly RowGroup[];
  readonly form: FileForm;
}

/** `FileMetaData`. */
export function footerOf({ schema, rows, rowGroups, form }: FileParts): Uint8Array {
  const thrift = new ThriftWriter();
  thrift.i32(1, 2);
  thrift.list<Field | undefined>(2, "struct", [undefined, ...schema.fields], (field) =>
    thrift.element(() => {
      if (field !== undefined) return writeColumnElement(thrift, field, form);
      thrift.text(4, "schema");
      thrift.i32(5, schema.fields.length);
    }),
  );
  thrift.i64(3, rows);
  thrift.list(4, "struct", rowGroups, (group) => thrift.element(() => writeRowGroup(thrift, group, form)));
  thrift.text(6, "dataflow");
  // TypeDefinedOrder for each: without it readers do not trust the bounds of text.
  thrift.list(7, "struct", schema.fields, () => thrift.element(() => thrift.struct(1, () => undefined)));
  return thrift.take();
}

/** `SchemaElement` of a column. */
function writeColumnElement(thrift: ThriftWriter, field: Field, form: FileForm): void {
  const { physical, width, converted, decimal, logical } = storedType(field.type, form);
  thrift.i32(1, physical);
  if (width !== undefined) thrift.i32(2, width);
  thrift.i32(3, field.nullable ? OPTIONAL : REQUIRED);
  thrift.text(4, field.name);
  if (converted !== undefined) thrift.i32(6, converted);
  if (decimal !== undefined) {
    thrift.i32(7, decimal.scale);
    thrift.i32(8, decimal.precision);
  }
  const id = form.fieldIds && own(form.fieldIds, field.name);
  if (id !== undefined) thrift.i32(9, id);
  if (logical !== undefined) {
    thrift.struct(10, () => thrift.struct(logical.id, () => logical.write?.(thrift)));
  }
}

function writeRowGroup(thrift: ThriftWriter, { rows, offset, chunks }: RowGroup, form: FileForm): void {
  thrift.list(1, "struct", chunks, (chunk) =>
    thrift.element(() => {
      thrift.i64(2, chunk.dictionaryOffset ?? chunk.dataOffset);
      thrift.struct(3, () => writeColumnMetaData(thrift, chunk, form));
    }),
  );
  thrift.i64(
    2,
    chunks.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0),
  );
  thrift.i64(3, rows);
  thrift.i64(5, offset);
  thrift.i64(
    6,
    chunks.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0),
  );
}

function writeColumnMetaData(thrift: ThriftWriter, chunk: Chunk, form: FileForm): void {
  const { field, dictionaryOffset, dataPages } = chunk;
  const hasDictionary = dictionaryOffset !== undefined;
  const encodings = [ENCODING.levels, ENCODING.plain, ...(hasDictionary ? [ENCODING.dictionary] : [])];
  thrift.i32(1, storedType(field.type, form).physical);
  thrift.list(2, "i32", encodings, (encoding) => thrift.zigzag(encoding));
  thrift.list(3, "binary", [field.name], (name) => thrift.textElement(name));
  thrift.i32(4, compressionNumber(form.compression));
  thrift.i64(5, chunk.rows);
  thrift.i64(6, chunk.uncompressedBytes);
  thrift.i64(7, chunk.compressedBytes);
  thrift.i64(9, chunk.dataOffset);
  if (hasDictionary) thrift.i64(11, dictionaryOffset);
  thrift.struct(12, () => writeStatistics(thrift, chunk, form));
  // By these counts readers know that a dictionary holds every value, and may look a value up in it.
  const pages = [
    ...(hasDictionary ? [{ type: PAGE_TYPE.dictionary, encoding: ENCODING.plain, count: 1 }] : []),
    {
      type: PAGE_TYPE.data,
      encoding: hasDictionary ? ENCODING.dictionary : ENCODING.plain,
      count: dataPages,
    },
  ];
  thrift.list(13, "struct", pages, ({ type, encoding, count }) =>
    thrift.element(() => {
      thrift.i32(1, type);
      thrift.i32(2, encoding);
      thrift.i32(3, count);
    }),
  );
}

function writeStatistics(thrift: ThriftWriter, { field, nullCount, bounds }: Chunk, form: FileForm): void {
  const { min, max } = storedBounds(field.type, bounds, form);
  thrift.i64(3, nullCount);
  if (max !== undefined) thrift.binary(5, max.bytes);
  if (min !== undefined) thrift.binary(6, min.bytes);
  if (max !== undefined) thrift.bool(7, max.isExact);
  if (min !== undefined) thrift.bool(8, min.isExact);
}
