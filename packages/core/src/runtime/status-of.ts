import type { CheckpointRecord, Identity } from "../checkpoint/records.ts";
import type { Plan } from "../plan/plan.ts";
import type { StateBudget } from "../state/state-budget.ts";
import type { Label } from "../stream.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Graph } from "./graph.ts";
import { clocksByNode } from "./input-clock.ts";
import { addUp } from "./node-ledger.ts";
import type { Status } from "./report.ts";
import { clocksOf, gaugesOf } from "./steps.ts";
import { waitingOf } from "./waiting.ts";

/** What a job says of itself. */
interface StatusParts {
  readonly plan: Plan;
  readonly identity: Identity;
  readonly label: Label;
  readonly restored: CheckpointRecord | undefined;
  readonly deliveries: Deliveries;
  readonly budget: StateBudget;
}

/** A pipeline at this moment. */
export function statusOf(
  { plan, identity, label, restored, deliveries, budget }: StatusParts,
  { sources, nodes }: Graph,
  { epoch, lateUnread }: Pick<Status, "epoch" | "lateUnread">,
): Status {
  const splits = { live: 0, idle: 0, ended: 0 };
  for (const source of sources) for (const { status } of source.records()) splits[status]++;
  const bySource = clocksByNode(sources);
  const lowest = Math.min(...bySource.values());
  const now = [
    ...sources.map((source) => source.entry()),
    ...nodes.map(({ node, ledger, operator }) => ledger.entry(node, operator.buffered?.() ?? 0)),
  ];
  return {
    pipeline: plan.name,
    lineage: identity.lineage,
    epoch,
    rowsRead: sources.reduce((rows, { ledger }) => rows + ledger.rowsIn, 0),
    clock: Number.isFinite(lowest) ? lowest : null,
    splits,
    sinks: deliveries.status(),
    ledger: addUp(restored?.ledger ?? [], addUp([], now)),
    gauges: gaugesOf(nodes),
    clocks: clocksOf([...bySource].map(([node, clock]) => ({ node, clock })).concat(nodes)),
    waiting: waitingOf({ plan, steps: nodes, sources }),
    lateUnread,
    label,
    ...(budget.hasSpilled ? { spilling: budget.use } : {}),
  };
}
