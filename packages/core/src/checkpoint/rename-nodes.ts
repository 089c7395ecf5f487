/** Gives nodes other ids in all that a state has of them. */
import type { Parts } from "../plan/fingerprint.ts";
import { renamedName, type Renames } from "../plan/renames.ts";
import { canonicalJson } from "../json.ts";
import type { CheckpointRecord, LedgerEntry } from "./records.ts";
import type { SqlDatabase } from "./sql.ts";

/** Columns that hold the id of a node, by table. */
const IDS = [
  ["chunk", "node"],
  ["mark", "source"],
  ["sink", "id"],
  ["held", "sink"],
  ["intent", "sink"],
  ["delivered", "sink"],
  ["key_run", "sink"],
  ["key_page", "sink"],
  ["key_index_version", "sink"],
  ["former_id", "sink"],
] as const;

/** Renames nodes in all tables but `checkpoint` and `meta`. To be called within a transaction. */
export function renameRows(db: SqlDatabase, renames: Renames): void {
  for (const [old, now] of renames) {
    for (const [table, column] of IDS) {
      db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`).run(now, old);
    }
    db.prepare("INSERT OR IGNORE INTO former_id SELECT id, ? FROM sink WHERE id = ?").run(old, now);
  }
}

/** A checkpoint under the new ids. */
export function renamedRecord(record: CheckpointRecord, renames: Renames): CheckpointRecord {
  const renamed = (id: string): string => renames.get(id) ?? id;
  return {
    ...record,
    splits: record.splits.map((split) => ({ ...split, source: renamed(split.source) })),
    clocks: renamedNames(record.clocks, renames),
    ...(record.sources === undefined ? {} : { sources: renamedNames(record.sources, renames) }),
    ledger: renamedLedger(record.ledger, renames),
    // What steps wait for is told to people, and read back by nobody.
    waiting: undefined,
    ...(record.migrated === undefined ? {} : { migrated: renamedNames(record.migrated, renames) }),
    ...(record.lambdas === undefined ? {} : { lambdas: renamedNames(record.lambdas, renames) }),
  };
}

/** A fingerprint under the new ids. */
export function renamedFingerprint(fingerprint: string, renames: Renames): string {
  const { sources, stateful, sinks } = JSON.parse(fingerprint) as Parts;
  return canonicalJson({
    sources: renamedNames(sources, renames),
    stateful: renamedNames(stateful, renames),
    sinks: renamedNames(sinks, renames),
  });
}

/** What stands under a new id is of a node that was gone before: it gives way. */
function renamedNames<Value>(
  byName: Readonly<Record<string, Value>>,
  renames: Renames,
): Readonly<Record<string, Value>> {
  const entries = Object.entries(byName);
  const renamed = entries.map(
    ([name, value]) => [renamedName(name, (id) => renames.get(id)), value] as const,
  );
  const taken = new Set(renamed.flatMap(([name], index) => (name === entries[index]?.[0] ? [] : [name])));
  return Object.fromEntries(
    renamed.filter(([name], index) => name !== entries[index]?.[0] || !taken.has(name)),
  );
}

function renamedLedger(ledger: readonly LedgerEntry[], renames: Renames): readonly LedgerEntry[] {
  const taken = new Set(renames.values());
  const left = ledger.filter(({ node }) => !taken.has(node));
  return left.map((entry) => ({ ...entry, node: renames.get(entry.node) ?? entry.node }));
}
