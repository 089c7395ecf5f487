import { unreachable } from "@df/core";
import type { ColumnType } from "@df/core";
import type { FileForm } from "./file-form.ts";
import { fixedBytes } from "./fixed-decimal.ts";
import type { ThriftWriter } from "./thrift.ts";

const BOOLEAN = 0;
const INT32 = 1;
const INT64 = 2;
const DOUBLE = 5;
const BYTE_ARRAY = 6;
const FIXED_LEN_BYTE_ARRAY = 7;

/** A column type in the terms of Parquet, numbers as in parquet.thrift. */
export interface StoredType {
  readonly physical: number;
  /** Bytes of a value, of FIXED_LEN_BYTE_ARRAY only. */
  readonly width?: number;
  /** The older annotation, for readers that know no other. */
  readonly converted?: number;
  readonly decimal?: { readonly precision: number; readonly scale: number };
  /** The newer annotation: the field of the union `LogicalType`, and what stands in it. */
  readonly logical?: { readonly id: number; readonly write?: (thrift: ThriftWriter) => void };
}

/** How a type is stored. */
export function storedType(type: ColumnType, form: Pick<FileForm, "decimals">): StoredType {
  switch (type.kind) {
    case "bool":
      return { physical: BOOLEAN };
    case "int32":
      return { physical: INT32 };
    case "int64":
      return { physical: INT64 };
    case "float64":
      return { physical: DOUBLE };
    case "decimal": {
      // INT64 is allowed for every precision up to 18.
      const { precision, scale } = type;
      const write = (thrift: ThriftWriter): void => {
        thrift.i32(1, scale);
        thrift.i32(2, precision);
      };
      const annotated = { converted: 5, decimal: { precision, scale }, logical: { id: 5, write } };
      if (form.decimals === "int64") return { physical: INT64, ...annotated };
      return { physical: FIXED_LEN_BYTE_ARRAY, width: fixedBytes(precision), ...annotated };
    }
    case "string":
    case "json":
      // JSON is text for readers: lake tables have no such type, and the annotation makes some readers parse it.
      return { physical: BYTE_ARRAY, converted: 0, logical: { id: 1 } };
    case "bytes":
      return { physical: BYTE_ARRAY };
    case "timestamp":
      return { physical: INT64, converted: 10, logical: { id: 8, write: writeUtcMicros } };
    case "date":
      return { physical: INT32, converted: 6, logical: { id: 6 } };
    default:
      return unreachable(type);
  }
}

function writeUtcMicros(thrift: ThriftWriter): void {
  thrift.bool(1, true);
  // The unit is a union of empty structs; the second of them is microseconds.
  thrift.struct(2, () => thrift.struct(2, () => undefined));
}
