/** Reads the values of partition columns, which stand in the log and not in the files. */
import { ColumnBuilder, DataflowError, unreachable } from "@df/core";
import type { Column, Field } from "@df/core";

/**
 * A column of `length` equal values.
 * @param text as the log has it: null, absent and empty text are null
 * @throws DF_DELTA_LOG for text that is no value of the column's type
 */
export function partitionColumn(field: Field, text: string | null | undefined, length: number): Column {
  const builder = new ColumnBuilder(field.type, length);
  const value = text === null || text === undefined || text === "" ? null : parseValue(field, text);
  for (let row = 0; row < length; row++) {
    if (value === null) builder.null();
    else if (typeof value === "string") builder.string(value);
    else if (typeof value === "bigint") builder.bigint(value);
    else builder.number(value);
  }
  return builder.take();
}

function parseValue(field: Field, text: string): string | number | bigint {
  const value = valueOf(field, text);
  if (value === undefined || Number.isNaN(value)) {
    throw new DataflowError(
      "DF_DELTA_LOG",
      `${JSON.stringify(text)} is no value of partition column "${field.name}", which is ${field.type.kind}.`,
    );
  }
  return value;
}

function valueOf({ type }: Field, text: string): string | number | bigint | undefined {
  switch (type.kind) {
    case "string":
      return text;
    case "bool":
      return text === "true" ? 1 : text === "false" ? 0 : undefined;
    case "int32":
    case "int64":
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "decimal":
      return decimalOf(text, type.scale);
    case "date": {
      const days = Date.parse(`${text}T00:00:00Z`) / 86_400_000;
      return Number.isInteger(days) ? days : undefined;
    }
    case "timestamp":
      return microsOf(text);
    case "float64":
    case "bytes":
    case "json":
      return undefined;
    default:
      return unreachable(type);
  }
}

/** The unscaled value; writers may leave out zeros behind the point. */
function decimalOf(text: string, scale: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const [, sign, whole, fraction = ""] = match ?? [];
  if (whole === undefined || /[1-9]/.test(fraction.slice(scale))) return undefined;
  const unscaled = BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0"));
  return sign === "-" ? -unscaled : unscaled;
}

/** `yyyy-MM-dd HH:mm:ss[.SSSSSS]` in UTC, or ISO 8601 with zone. */
function microsOf(text: string): number {
  const match = /^(.{10})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (match === null) return Number.NaN;
  const [, day, time, fraction = "", zone = "Z"] = match;
  return Date.parse(`${day}T${time}${zone}`) * 1_000 + Number(fraction.padEnd(6, "0"));
}
