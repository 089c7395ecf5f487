import type { StateFile } from "../checkpoint/state-file.ts";
import type { OperatorNode, Plan } from "../plan/plan.ts";
import type { NodeRestart } from "../plan/restart.ts";
import { inputsTaken } from "../plan/taken.ts";
import type { StateBudget } from "../state/state-budget.ts";
import { MemoryStateStore } from "../state/store.ts";
import { BEGINNING } from "../time.ts";
import { storedChunks } from "./stored-chunks.ts";

/**
 * Gives the state of steps to the functions that are to bring it over, and keeps nothing of what they make: what one of
 * them refuses ends the run before anything is changed, also ids and sinks.
 * @throws DF_MIGRATE
 */
export async function rehearse(
  plan: Plan,
  restarts: readonly NodeRestart[],
  { state, budget }: { readonly state: StateFile; readonly budget: StateBudget },
): Promise<void> {
  for (const { node: id, by, renamedFrom = id } of restarts) {
    const node = plan.nodes.find((each) => each.id === id);
    if (by === undefined || node?.kind !== "operator") continue;
    const store = new MemoryStateStore({ budget, migrates: true, moves: () => true });
    for await (const chunks of storedChunks(state, renamedFrom)) store.load(chunks, () => true);
    open(plan, node, store);
  }
}

function open(plan: Plan, node: OperatorNode, state: MemoryStateStore): void {
  const inputs = inputsTaken(plan)(node);
  node.spec.open({
    nodeId: node.id,
    shard: 0,
    inputs,
    outputs: node.spec.outputs(inputs),
    state,
    migration: node.spec.migration,
    clock: BEGINNING,
    generate: false,
    count: () => {},
    countLatePartial: () => {},
    reject: () => {},
  });
}
