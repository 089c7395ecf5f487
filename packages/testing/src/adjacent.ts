import type { Shape } from "@df/core";
import { keyText, show, type Change } from "./change.ts";
import { failure } from "./failure.ts";

/** In what one update of the input makes, an old row is directly followed by the new row of its key. */
export function checkAdjacent(changes: readonly Change[], shape: Shape): void {
  const last = new Map<string, number>();
  for (const [i, { row, diff }] of changes.entries()) {
    const before = last.get(keyText(row, shape));
    const isUpdate = before !== undefined && diff > 0 && (changes[before]?.diff ?? 0) < 0;
    if (isUpdate && before !== i - 1)
      failure(`the halves of the update of ${show(row)} are not side by side`);
    last.set(keyText(row, shape), i);
  }
}
