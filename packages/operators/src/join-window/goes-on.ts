import type { GoesOn, StepPart } from "@df/core";
import { columnOf, sameBut } from "../step-parts.ts";
import { columnsGoOn, sameInput } from "../kept-rows/goes-on.ts";

/** See `optionsJson`. */
interface Options {
  readonly on: readonly (readonly [left: string, right: string])[];
  readonly left: readonly (readonly [result: string, column: string])[];
  readonly right: Options["left"];
}

/**
 * A join goes on with other columns of its result, and other columns into it, but for those that it compares. Undefined
 * for other changes.
 */
export function joinGoesOn(before: StepPart, now: StepPart): GoesOn | undefined {
  const [was, is] = [before.options, now.options] as unknown as [Options, Options];
  if (!sameBut(was, is, ["left", "right"])) return undefined;
  const sides = (["left", "right"] as const).map((side, port): GoesOn | undefined => {
    const keys = is.on.map((pair) => pair[port] as string);
    const [rowsWere, rowsAre] = [before.inputs[port], now.inputs[port]];
    if (rowsWere === undefined || rowsAre === undefined || !sameInput(rowsWere, rowsAre, keys))
      return undefined;
    return columnsGoOn(heldOf(was[side], rowsWere.columns, keys), heldOf(is[side], rowsAre.columns, keys));
  });
  const [left, right] = sides;
  if (left === undefined || right === undefined) return undefined;
  const refused = [left, right].flatMap((side) => (side.verdict === "refuse" ? [side.why] : []));
  if (refused.length > 0) return { verdict: "refuse", why: refused.join(" ") };
  return [left, right].every(({ verdict }) => verdict === "keep")
    ? { verdict: "keep" }
    : { verdict: "migrate" };
}

/** The columns that a side keeps: those of the result that are not compared. */
function heldOf(result: Options["left"], columns: readonly string[], keys: readonly string[]): string[] {
  const held = [...new Set(result.map(([, column]) => column))].filter((name) => !keys.includes(name));
  return held.flatMap((name) => columnOf({ columns }, name) ?? []);
}
