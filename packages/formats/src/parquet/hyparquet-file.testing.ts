/** Packed columns as a Parquet file by hyparquet-writer: what our own encoder is compared with. */
import { unreachable } from "@df/core";
import type { Column, ColumnType, Field, Schema } from "@df/core";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { ColumnSource, SchemaElement } from "hyparquet-writer";
import type { PackedRows } from "./pack.ts";

/** The file of the same columns and types; row groups of `rowGroupRows`. */
export function hyparquetFile(schema: Schema, packed: PackedRows, rowGroupRows = 122_880): Uint8Array {
  const output = new ByteWriter();
  const writer = new ParquetWriter({
    writer: output,
    schema: [{ name: "schema", num_children: schema.fields.length }, ...schema.fields.map(schemaElement)],
    createdBy: "dataflow",
  });
  // Row group by row group, since the values of one exist as JavaScript values while it is written.
  for (let start = 0; start < packed.rows; start += rowGroupRows) {
    const end = Math.min(packed.rows, start + rowGroupRows);
    const columnData = schema.fields.map((field, i) =>
      columnSource(field, packed.columns[i] as Column, start, end),
    );
    void writer.write({ columnData, rowGroupSize: rowGroupRows });
  }
  void writer.finish();
  return output.getBytes().slice();
}

function schemaElement(field: Field): SchemaElement {
  return {
    name: field.name,
    repetition_type: field.nullable ? "OPTIONAL" : "REQUIRED",
    ...physicalType(field.type),
  };
}

/** Both annotations, the converted and the logical type, since old readers know only the first. */
function physicalType(type: ColumnType): Omit<SchemaElement, "name"> {
  switch (type.kind) {
    case "bool":
      return { type: "BOOLEAN" };
    case "int32":
      return { type: "INT32" };
    case "int64":
      return { type: "INT64" };
    case "float64":
      return { type: "DOUBLE" };
    case "decimal": {
      // INT64 for every precision, as the format allows up to 18: a column can be widened without being rewritten, and
      // its bounds stay integers. Above 18 digits it would have to be FIXED_LEN_BYTE_ARRAY.
      const { precision, scale } = type;
      const logical = { type: "DECIMAL", precision, scale } as const;
      return { type: "INT64", converted_type: "DECIMAL", precision, scale, logical_type: logical };
    }
    case "string":
    case "json":
      // JSON is text for readers: lake tables have no such type, and the annotation makes some readers parse it.
      return { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
    case "bytes":
      return { type: "BYTE_ARRAY" };
    case "timestamp":
      return {
        type: "INT64",
        converted_type: "TIMESTAMP_MICROS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
      };
    case "date":
      return { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } };
    default:
      return unreachable(type);
  }
}

/**
 * Rows `start` to `end` as the writer wants them. Doubles keep −0 only without a dictionary, and have no bounds where
 * one is NaN: bounds leave NaN out, and readers that count NaN as the largest value would skip its rows.
 */
function columnSource(field: Field, column: Column, start: number, end: number): ColumnSource {
  const source = { name: field.name, data: valuesOf(field, column, start, end) };
  if (field.type.kind !== "float64") return source;
  return { ...source, encoding: "PLAIN", statistics: !hasNaN(column, start, end) };
}

function hasNaN(column: Column, start: number, end: number): boolean {
  if (column.layout !== "double") return false;
  for (let row = start; row < end; row++) if (Number.isNaN(column.values[row])) return true;
  return false;
}

function valuesOf(field: Field, column: Column, start: number, end: number): ColumnSource["data"] {
  switch (column.layout) {
    case "bool":
      return generic(column, start, end, (row) => column.values[row] !== 0);
    case "int":
      return column.validity === undefined
        ? column.values.subarray(start, end)
        : generic(column, start, end, (row) => column.values[row]);
    case "double":
      if (field.type.kind === "timestamp") {
        return generic(column, start, end, (row) => BigInt(column.values[row] as number));
      }
      return column.validity === undefined
        ? column.values.subarray(start, end)
        : generic(column, start, end, (row) => column.values[row]);
    case "long":
      return generic(column, start, end, (row) => BigInt(column.values[row] as number | bigint));
    case "text":
      return generic(column, start, end, (row) =>
        column.bytes.subarray(column.starts[row], column.ends[row]),
      );
    default:
      return unreachable(column);
  }
}

/** An array of values, null where the row is null. */
function generic(column: Column, start: number, end: number, value: (row: number) => unknown): unknown[] {
  const { validity } = column;
  const values: unknown[] = Array.from({ length: end - start });
  for (let row = start; row < end; row++) {
    values[row - start] = validity !== undefined && validity[row] === 0 ? null : value(row);
  }
  return values;
}
