import type { NodeRestart } from "../plan/restart.ts";

/** Nodes whose rows are brought over at this start: by the names of their columns, or by a function of the user. */
export type Migrating = ReadonlyMap<string, "by name" | "by function">;

/** Those of a restart. */
export function migratingOf(restarts: readonly NodeRestart[]): Migrating {
  const due = restarts.filter(({ verdict }) => verdict === "migrate");
  return new Map(due.map(({ node, by }) => [node, by === undefined ? "by name" : "by function"] as const));
}
