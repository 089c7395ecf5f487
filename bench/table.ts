/** The result as text: one line a benchmark. */
import { growthOf, hasFailed, type Stored } from "./baseline.ts";
import type { Benchmark } from "./benchmark.ts";
import type { Measured } from "./rounds.ts";

const NAME_COLUMNS = 38;
const COLUMNS = ["unit", "subject ns", "reference ns", "ratio", "baseline", "change"] as const;
const CELL_COLUMNS = 13;

/** The head of the table. */
export function headLine(): string {
  return lineOf("CPU time a unit", COLUMNS);
}

/** The line of a benchmark. Above a change of +0 % the subject has become slower beside its reference. */
export function benchmarkLine(
  { name, unit }: Benchmark,
  measured: Measured,
  stored: Stored | undefined,
): string {
  const growth = growthOf(measured, stored);
  const line = lineOf(name, [
    unit,
    shown(measured.subjectNanos),
    shown(measured.referenceNanos),
    shown(measured.ratio),
    stored === undefined ? "none" : shown(stored.ratio),
    growth === undefined ? "" : percent(growth - 1),
  ]);
  return hasFailed(measured, stored) ? `${line}  TOO SLOW` : line;
}

function lineOf(name: string, cells: readonly string[]): string {
  return name.padEnd(NAME_COLUMNS) + cells.map((cell) => cell.padStart(CELL_COLUMNS)).join("");
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function percent(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(0)} %`;
}
