/** What a state remembers while it catches up with targets that another state has written. */
import { randomUUID } from "node:crypto";
import type { Delivered, Marker } from "../connector.ts";
import type { Epoch } from "../stream.ts";
import { type Ancestor, ANCESTORS, ancestorsOf } from "./ancestors.ts";
import { KeyRuns } from "./key-runs.ts";
import type { MetaTable } from "./meta-table.ts";
import type { CheckpointRecord } from "./records.ts";
import type { SqlDatabase } from "./sql.ts";

/** The name in the table `meta` under which the markers are kept that it catches up with. */
export const ADOPTS = "adopts";

/** A target that a state catches up with. */
export interface Adopted {
  readonly sink: string;
  readonly marker: Marker;
  /** The state's epoch that has all that the target shows; absent before it is reached. */
  readonly through?: Epoch | undefined;
}

/** A target that a state has caught up with: rows up to `through` are shown there already. */
export interface Taken {
  readonly sink: string;
  readonly through: Epoch;
  readonly delivered: Delivered;
}

/** The targets that a state catches up with; none when it may run. */
export function adoptedBy(meta: Pick<MetaTable, "get">): readonly Adopted[] {
  return JSON.parse(meta.get(ADOPTS) ?? "[]") as readonly Adopted[];
}

/**
 * Begins to catch up, under a lineage of its own, or keeps how far it has come. What had an intent is held as before,
 * and looked at anew. Inside a transaction.
 */
export function beginAdoption(db: SqlDatabase, meta: MetaTable, adopted: readonly Adopted[]): void {
  if (adoptedBy(meta).length === 0) {
    const parent: Ancestor = { lineage: meta.get("lineage") ?? "", epoch: meta.number("epoch") };
    if (parent.epoch > 0) meta.set(ANCESTORS, JSON.stringify([...ancestorsOf(meta), parent]));
    meta.set("lineage", randomUUID());
    const keys = new KeyRuns(db);
    for (const { sink } of db.prepare<[], { sink: string }>("SELECT sink FROM intent").all())
      keys.unstage(sink);
    db.exec("DELETE FROM intent");
  }
  meta.set(ADOPTS, JSON.stringify(adopted));
}

/**
 * Ends it: the lineages that wrote the targets are ancestors, and epochs go on behind theirs. Inside a transaction, in
 * which the caller has made what targets show count as delivered.
 */
export function finishAdoption(db: SqlDatabase, meta: MetaTable): void {
  const markers = adoptedBy(meta).map(({ marker }) => marker);
  const epoch = Math.max(meta.number("epoch"), ...markers.map((marker) => marker.epoch));
  const stored = db.prepare<[], { record: string }>("SELECT record FROM checkpoint").get();
  if (stored !== undefined) {
    const record = { ...(JSON.parse(stored.record) as CheckpointRecord), epoch };
    db.prepare("UPDATE checkpoint SET epoch = ?, record = ?").run(epoch, JSON.stringify(record));
  }
  meta.set("epoch", epoch);
  const ancestors = ancestorsOf(meta);
  // In the order of their epochs: the last one of a lineage counts, and the parent is that of the newest. A target may
  // show less than the state had of its lineage: that has all of it.
  const newest = new Map<string, Ancestor>();
  for (const { lineage, epoch: shown } of markers.toSorted((a, b) => a.epoch - b.epoch)) {
    if (ancestors.some((known) => known.lineage === lineage && known.epoch >= shown)) continue;
    newest.delete(lineage);
    newest.set(lineage, { lineage, epoch: shown });
  }
  meta.set(ANCESTORS, JSON.stringify([...ancestors, ...newest.values()]));
  meta.set(ADOPTS, "[]");
}
