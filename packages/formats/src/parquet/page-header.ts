import { ThriftWriter } from "./thrift.ts";

/** The encodings that files have, by their numbers in parquet.thrift. */
export const ENCODING = { plain: 0, levels: 3, dictionary: 8 } as const;
/** The types of pages that files have, by their numbers in parquet.thrift. */
export const PAGE_TYPE = { data: 0, dictionary: 2 } as const;

type HeaderOf = (sizeBytes: number, compressedBytes: number) => Uint8Array;

/** Makes the header of a data page of version 1, which every reader knows. `rows` counts nulls as well. */
export function dataPageHeader(rows: number, encoding: number): HeaderOf {
  return (sizeBytes, compressedBytes) => {
    const thrift = new ThriftWriter();
    thrift.i32(1, PAGE_TYPE.data);
    thrift.i32(2, sizeBytes);
    thrift.i32(3, compressedBytes);
    thrift.struct(5, () => {
      thrift.i32(1, rows);
      thrift.i32(2, encoding);
      thrift.i32(3, ENCODING.levels);
      thrift.i32(4, ENCODING.levels);
    });
    return thrift.take();
  };
}

/** Makes the header of the page with the distinct values of a chunk. */
export function dictionaryPageHeader(count: number): HeaderOf {
  return (sizeBytes, compressedBytes) => {
    const thrift = new ThriftWriter();
    thrift.i32(1, PAGE_TYPE.dictionary);
    thrift.i32(2, sizeBytes);
    thrift.i32(3, compressedBytes);
    thrift.struct(7, () => {
      thrift.i32(1, count);
      thrift.i32(2, ENCODING.plain);
    });
    return thrift.take();
  };
}
