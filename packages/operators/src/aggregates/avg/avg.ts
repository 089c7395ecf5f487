import {
  fieldOf,
  type Aggregate,
  type AggregateSpec,
  type ColumnType,
  type Field,
  type Schema,
  type StateTable,
} from "@df/core";
import { ExactSums } from "@df/core/aggregate/exact-sum";
import { quotientOfUnits } from "@df/core/aggregate/rounding";
import { notNumeric, sumState } from "../sum/sum.ts";
import { overDoubles, overWholes } from "../sum/sums.ts";
import { WholeSums } from "../sum/whole-sums.ts";

/**
 * The mean of a column as float64: the correctly rounded sum divided by the number of values (of integers and
 * decimals the exact quotient, rounded once). Nulls are passed over; null for no values. The sum itself may be beyond
 * every type.
 */
export function avg(column: string): AggregateSpec {
  return {
    name: "avg",
    column,
    options: {},
    retractable: true,
    mergeable: true,
    output: (input, name) => avgField(fieldOf(input, column), name),
    state: (input, name) => sumState(fieldOf(input, column).type, name),
    open: (input, table, offset) => openAvg(input, column, { table, offset }),
  };
}

function avgField({ name: column, type, nullable }: Field, name: string): Field {
  if (!isNumeric(type)) throw notNumeric("avg", column, type);
  return { name, type: { kind: "float64" }, nullable, optional: false };
}

function isNumeric({ kind }: ColumnType): boolean {
  return kind === "int32" || kind === "int64" || kind === "float64" || kind === "decimal";
}

function openAvg(
  input: Schema,
  column: string,
  { table, offset }: { readonly table: StateTable; readonly offset: number },
): Aggregate {
  const { type } = fieldOf(input, column);
  if (type.kind === "float64") {
    const sums = new ExactSums(table, offset);
    return overDoubles(sums, (row, into) => into.number(sums.average(row)));
  }
  const sums = new WholeSums(table, offset);
  const scale = type.kind === "decimal" ? type.scale : 0;
  return overWholes(sums, (row, into) => into.number(wholeAverage(sums, row, scale)));
}

/** One division of doubles where both sides are exact in them, else one of integers. */
function wholeAverage(sums: WholeSums, row: number, scale: number): number {
  const divisor = sums.count(row) * 10 ** scale;
  const safe = sums.safeSum(row);
  if (safe !== undefined && Number.isSafeInteger(divisor)) return safe / divisor;
  return quotientOfUnits(sums.sum(row) << 1074n, BigInt(sums.count(row)) * 10n ** BigInt(scale));
}
