import type { Migrated } from "../migration.ts";
import { own } from "../own.ts";
import type { Plan } from "./plan.ts";

/**
 * What a state has behind it once this plan has stored a checkpoint: also of steps that are new, whose state begins
 * with the meaning of now.
 */
export function migratedBy({ nodes }: Plan, before: Migrated = {}): Migrated {
  const now = nodes.flatMap((node): [string, readonly string[]][] => {
    const name = node.kind === "operator" ? node.spec.migration?.name : undefined;
    if (name === undefined) return [];
    return [[node.id, [...new Set([...(own(before, node.id) ?? []), name])]]];
  });
  return { ...before, ...Object.fromEntries(now) };
}
