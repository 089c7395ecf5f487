import type { NodeRestart } from "../plan/restart.ts";

/** How rows are brought over: by the names of their columns, or by a function of the user. */
export type Brought = "by name" | "by function";

/** Nodes whose rows are brought over at this start. */
export type Migrating = ReadonlyMap<string, Brought>;

/** Those of a restart. */
export function migratingOf(restarts: readonly NodeRestart[]): Migrating {
  const due = restarts.filter(({ verdict }) => verdict === "migrate");
  return new Map(due.map(({ node, by }) => [node, by === undefined ? "by name" : "by function"] as const));
}
