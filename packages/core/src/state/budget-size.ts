import { DataflowError } from "../error.ts";

/** Bytes, their text with a unit, or a part of the memory that the process may use: 1048576, "512MiB", "20%". */
export type BudgetSize = number | string;

/** What state has by default: of the rest lives the index, and all that is not state. */
export const BUDGET_DEFAULT = "20%";
/** The smallest budget. */
export const BUDGET_BYTES_MIN: number = 1024 ** 2;
/** What a size may be, in words: "It is …". */
export const BUDGET_WANTED = '1 MiB or more, as bytes, "512MiB" or "2GiB", or a part of the memory, as "20%"';

const UNITS: Readonly<Record<string, number>> = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** The bytes that a size stands for where there is so much memory; undefined for what is none. */
export function budgetBytes(size: unknown, memoryBytes: number): number | undefined {
  const bytes = typeof size === "string" ? bytesOfText(size, memoryBytes) : size;
  return typeof bytes === "number" && Number.isFinite(bytes) && bytes >= BUDGET_BYTES_MIN
    ? Math.floor(bytes)
    : undefined;
}

function bytesOfText(text: string, memoryBytes: number): number | undefined {
  const part = /^(\d{1,3})%$/.exec(text);
  if (part !== null) {
    const percent = Number(part[1]);
    return percent >= 1 && percent <= 100 ? (memoryBytes * percent) / 100 : undefined;
  }
  const [, count, unit = ""] = /^(\d{1,15}) ?(KiB|MiB|GiB)?$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 1);
}

/** As `budgetBytes`. @throws DF_OPTION */
export function checkedBudget(size: BudgetSize, memoryBytes: number): number {
  const bytes = budgetBytes(size, memoryBytes);
  if (bytes !== undefined) return bytes;
  throw new DataflowError(
    "DF_OPTION",
    `stateBudget is ${JSON.stringify(size)}; it must be ${BUDGET_WANTED}.`,
  );
}
