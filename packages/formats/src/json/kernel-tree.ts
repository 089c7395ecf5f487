import type { Layout, Slot } from "./layout.ts";

/** What may stand at a place of a line: a key with its value, or the end of the line. */
export type Branch = KeyBranch | EndBranch;

/** What stands before a value, and what may stand behind it. */
export interface KeyBranch extends Slot {
  readonly next: readonly Branch[];
}

/** The end of lines, and the fields that they have. */
export interface EndBranch {
  readonly literal: Uint8Array;
  readonly present: ReadonlySet<number>;
}

/**
 * Layouts as a tree: those that begin alike part where they differ. What may stand at one place comes longest first: of
 * two literals one may begin with the other, `"a":` and `"a": `, and no value begins with what the longer one has more.
 */
export function treeOf(
  layouts: readonly Layout[],
  depth = 0,
  present: ReadonlySet<number> = new Set(),
): Branch[] {
  const alike = new Map<string, Layout[]>();
  for (const layout of layouts) {
    const key = Buffer.from(literalAt(layout, depth)).toString("latin1");
    const others = alike.get(key);
    if (others === undefined) alike.set(key, [layout]);
    else others.push(layout);
  }
  const branches = [...alike.values()].map((group): Branch => {
    const [first] = group as [Layout];
    const slot = first.slots[depth];
    if (slot === undefined) return { literal: first.end, present };
    return { ...slot, next: treeOf(group, depth + 1, new Set([...present, slot.field])) };
  });
  return branches.toSorted((a, b) => b.literal.length - a.literal.length);
}

function literalAt({ slots, end }: Layout, depth: number): Uint8Array {
  return slots[depth]?.literal ?? end;
}
