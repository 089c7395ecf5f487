import {
  DataflowError,
  fieldOf,
  typeName,
  unreachable,
  type Aggregate,
  type AggregateSpec,
  type ColumnType,
  type Field,
  type Schema,
  type StateTable,
  type ValueColumn,
} from "@df/core";
import { ExactSums, exactSumState } from "@df/core/aggregate/exact-sum";
import { overDoubles, overWholes } from "./sums.ts";
import { WholeSums, wholeSumState } from "./whole-sums.ts";

/**
 * Sums a column exactly, so that the order of the rows plays no part: int32 and int64 give int64, decimals a
 * decimal(18, same scale), float64 the exact sum rounded once. Nulls are passed over; null for no values. A sum that
 * its type cannot hold is an error when it is read, DF_OVERFLOW, not while it passes through.
 */
export function sum(column: string): AggregateSpec {
  return {
    name: "sum",
    column,
    options: {},
    retractable: true,
    mergeable: true,
    output: (input, name) => sumField(fieldOf(input, column), name),
    state: (input, name) => sumState(fieldOf(input, column).type, name),
    open: (input, table, offset) => openSum(input, column, { table, offset }),
  };
}

function sumField({ name: column, type, nullable }: Field, name: string): Field {
  const made = (sumType: ColumnType): Field => ({ name, type: sumType, nullable, optional: false });
  switch (type.kind) {
    case "int32":
      return made({ kind: "int64", as: "number" });
    case "int64":
    case "float64":
      return made(type);
    case "decimal":
      return made({ kind: "decimal", precision: 18, scale: type.scale });
    case "bool":
    case "string":
    case "bytes":
    case "timestamp":
    case "date":
    case "json":
      throw notNumeric("sum", column, type);
    default:
      return unreachable(type);
  }
}

/** The error for a column that holds no numbers. */
export function notNumeric(aggregate: string, column: string, type: ColumnType): DataflowError {
  return new DataflowError(
    "DF_AGGREGATE_TYPE",
    `${aggregate}("${column}") needs a column of numbers (int32, int64, float64 or decimal); "${column}" is ` +
      `${typeName(type)}. Make a number of it with .map() first.`,
  );
}

/** The part of a table's row that the exact sum of a column needs. */
export function sumState(type: ColumnType, name: string): readonly ValueColumn[] {
  return type.kind === "float64" ? exactSumState(name) : wholeSumState(name);
}

interface Place {
  readonly table: StateTable;
  readonly offset: number;
}

function openSum(input: Schema, column: string, { table, offset }: Place): Aggregate {
  const field = fieldOf(input, column);
  const output = sumField(field, `sum("${column}")`);
  if (field.type.kind === "float64") {
    const sums = new ExactSums(table, offset);
    return overDoubles(sums, (row, into) => into.number(sums.sum(row)));
  }
  const sums = new WholeSums(table, offset);
  const max = largest(output.type);
  return overWholes(sums, (row, into) => {
    const safe = sums.safeSum(row);
    // Every type that a sum of whole numbers has holds 53 bits.
    if (safe === undefined) into.bigint(checked(sums.sum(row), max, output));
    else into.number(safe);
  });
}

/** The largest magnitude that a column of the type holds; of int64 the smallest value is one more. */
function largest(type: ColumnType): bigint {
  if (type.kind === "decimal") return 10n ** 18n - 1n;
  return type.kind === "int64" && type.as === "number" ? 2n ** 53n - 1n : 2n ** 63n - 1n;
}

function checked(value: bigint, max: bigint, { name, type }: Field): bigint {
  const min = max === 2n ** 63n - 1n ? -max - 1n : -max;
  if (value <= max && value >= min) return value;
  throw new DataflowError(
    "DF_OVERFLOW",
    `${name} is ${value}, beyond what ${typeName(type)} holds here (${min} to ${max}). Sum a float64 column, ` +
      `smaller groups or, for t.int(), a t.int64() column.`,
  );
}
