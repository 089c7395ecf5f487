/** How JSON has the values of a type, for whoever reads it and whoever writes it. */
import type { ColumnType } from "@df/core";

/** Decimals of a number of seconds, milliseconds or microseconds, down to the microsecond. */
const DECIMALS = { iso: 0, s: 6, ms: 3, us: 0 } as const;

/** Whether values are text, and never numbers. */
export function isWrittenAsText(type: ColumnType): boolean {
  if (type.kind === "timestamp") return type.json === "iso";
  return type.kind === "string" || type.kind === "bytes" || type.kind === "date";
}

/** Decimals of the numbers that are stored as integers: 2 for the cents of a decimal. */
export function decimalsOf(type: ColumnType): number {
  if (type.kind === "decimal") return type.scale;
  return type.kind === "timestamp" ? DECIMALS[type.json] : 0;
}
