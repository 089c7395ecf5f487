/** Which changes of columns the rows that a step keeps go on under. */
import type { GoesOn, InputPart, StepPart } from "@df/core";
import { columnOf, nameOf, sameBut } from "../step-parts.ts";

/**
 * A step with one input that keeps whole rows goes on with other columns, but for those in `keys`, which tell its rows
 * apart. Undefined for other changes.
 */
export function keptRowsGoOn(keys: readonly string[], before: StepPart, now: StepPart): GoesOn | undefined {
  const [rowsWere, rowsAre] = [before.inputs[0], now.inputs[0]];
  if (rowsWere === undefined || rowsAre === undefined) return undefined;
  if (!sameBut(before, now, ["inputs"]) || !sameInput(rowsWere, rowsAre, keys)) return undefined;
  return columnsGoOn(rowsWere.columns, rowsAre.columns);
}

/** Whether nothing but columns is different that are not in `keys`. */
export function sameInput(was: InputPart, is: InputPart, keys: readonly string[]): boolean {
  return sameBut(was, is, ["columns"]) && keys.every((name) => columnOf(was, name) === columnOf(is, name));
}

/**
 * Rows that are kept with some columns, as a fingerprint has them, go on with others: one that is new is null in them,
 * one that is gone is dropped.
 */
export function columnsGoOn(was: readonly string[], is: readonly string[]): GoesOn {
  const before = new Map(was.map((column) => [parts(column).name, parts(column)]));
  const faults = is.flatMap((column) => faultOf(before.get(parts(column).name), parts(column)));
  if (faults.length > 0) return { verdict: "refuse", why: faults.join(" ") };
  const laidOut = (columns: readonly string[]): string =>
    JSON.stringify(columns.map((column) => [parts(column).name, parts(column).type]));
  return { verdict: laidOut(was) === laidOut(is) ? "keep" : "migrate" };
}

/** A column of a fingerprint. */
interface ColumnParts {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

function parts(column: string): ColumnParts {
  const name = nameOf(column);
  const nullable = column.endsWith("?");
  return { name, type: column.slice(name.length + 1, nullable ? -1 : undefined), nullable };
}

function faultOf(was: ColumnParts | undefined, is: ColumnParts): string[] {
  const { name, type } = is;
  if (was === undefined) {
    return is.nullable
      ? []
      : [`The rows that are kept have no "${name}", and it may not be null: make it .nullable().`];
  }
  if (type !== was.type && !widens(was.type, type))
    return [`"${name}" of the rows that are kept is ${was.type}, and no ${type} can be told from it.`];
  if (was.nullable && !is.nullable)
    return [`"${name}" may be null in the rows that are kept: leave it .nullable().`];
  return [];
}

/** Whether each value of a type is one of the other, by the same canonical bytes. */
function widens(was: string, is: string): boolean {
  if (was === "int32") return is === "int64";
  const [digits, scale] = decimal(was);
  const [more, same] = decimal(is);
  return digits !== undefined && more !== undefined && Number(more) > Number(digits) && scale === same;
}

function decimal(type: string): (string | undefined)[] {
  return /^decimal\((\d+),(\d+)\)$/.exec(type)?.slice(1) ?? [];
}
