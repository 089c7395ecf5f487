import type { CheckpointRecord, Identity, LedgerEntry } from "../checkpoint/records.ts";
import type { Plan } from "../plan/plan.ts";
import type { Label } from "../stream.ts";
import type { Deliveries } from "./deliveries.ts";
import { inputsByNode } from "./input-clock.ts";
import { addUp } from "./node-ledger.ts";
import type { Status } from "./report.ts";
import type { ShardView } from "./shard-messages.ts";
import { clocksOf, gaugesOf } from "./steps.ts";
import { waitingOf } from "./waiting.ts";

/** What a job says of itself. */
interface StatusParts {
  readonly plan: Plan;
  readonly identity: Identity;
  readonly label: Label;
  readonly restored: CheckpointRecord | undefined;
  readonly deliveries: Deliveries;
}

/** A pipeline at this moment, from a view of all its shards. */
export function statusOf(
  { plan, identity, label, restored, deliveries }: StatusParts,
  { steps, sources }: ShardView,
  {
    epoch,
    lateUnread,
    resultsUnread = [],
    spilling,
  }: Pick<Status, "epoch" | "lateUnread" | "resultsUnread" | "spilling">,
): Status {
  const splits = { live: 0, idle: 0, ended: 0 };
  for (const { statuses } of sources) for (const status of statuses) splits[status]++;
  const bySource = [...inputsByNode(sources)].map(([node, { clock }]) => ({ node, clock }));
  const lowest = Math.min(...bySource.map(({ clock }) => clock));
  const now = [...sources, ...steps].map(({ entry }) => entry);
  return {
    pipeline: plan.name,
    lineage: identity.lineage,
    epoch,
    rowsRead: sources.reduce((rows, { entry }) => rows + entry.rowsIn, 0),
    clock: Number.isFinite(lowest) ? lowest : null,
    splits,
    sinks: deliveries.status(),
    ledger: inOrder(addUp(restored?.ledger ?? [], addUp([], now)), plan),
    gauges: gaugesOf(steps),
    clocks: clocksOf([...bySource, ...steps]),
    waiting: waitingOf({ plan, steps, sources }),
    lateUnread,
    ...(resultsUnread.length === 0 ? {} : { resultsUnread }),
    label,
    ...(spilling === undefined ? {} : { spilling }),
  };
}

/** Entries in the order of the plan; those of nodes that it does not have any more come first. */
function inOrder(entries: readonly LedgerEntry[], { nodes }: Plan): LedgerEntry[] {
  const places = new Map(nodes.map(({ id }, place) => [id, place]));
  const placeOf = ({ node }: LedgerEntry): number => places.get(node) ?? -1;
  return entries.toSorted((a, b) => placeOf(a) - placeOf(b));
}
