/** The lineages that a state has gone on from, as its file remembers them. */
import type { Epoch } from "../stream.ts";
import type { MetaTable } from "./meta-table.ts";

/** A lineage that another one was begun from, and the last epoch that both have. */
export interface Ancestor {
  readonly lineage: string;
  readonly epoch: Epoch;
  /** The `id` of the savepoint between them; absent where what the other one had shown was read again. */
  readonly savepoint?: string;
}

/** The name in the table `meta` under which they are kept. */
export const ANCESTORS = "ancestors";

/** The oldest first, and one again where more of it was taken over later; none where a state began empty. */
export function ancestorsOf(meta: Pick<MetaTable, "get">): readonly Ancestor[] {
  return JSON.parse(meta.get(ANCESTORS) ?? "[]") as readonly Ancestor[];
}
