/** Nodes that got another id: what a former run wrote under the old one goes on under the new one. */
import { DataflowError } from "../error.ts";
import { own } from "../own.ts";
import type { Plan } from "./plan.ts";
import type { NodeRestart } from "./restart.ts";

/** New ids by the ids that a former run knows. */
export type Renames = ReadonlyMap<string, string>;

/** What stands behind an id in the name of a lambda of its conditions. */
const LAMBDA = ".where()";

/** The name that a node, or a lambda of it, has when ids become others; `to` gives those that do. */
export function renamedName(name: string, to: (id: string) => string | undefined): string {
  const end = name.indexOf(LAMBDA);
  const id = end < 0 ? name : name.slice(0, end);
  return `${to(id) ?? id}${name.slice(id.length)}`;
}

/** The name that a former run has for a node, or for a lambda of it; its own where it was not renamed. */
export function formerName(name: string, { renamedFrom = {} }: Plan): string {
  return renamedName(name, (id) => own(renamedFrom, id));
}

/**
 * Refuses renames that leave open whose a state is.
 * @throws DF_RENAMED when the old id is still that of a node, or two nodes have it
 */
export function checkRenames({ nodes, renamedFrom = {} }: Plan): void {
  const takers = new Map<string, string>();
  for (const [id, old] of Object.entries(renamedFrom)) {
    if (nodes.some((node) => node.id === old)) {
      throw new DataflowError(
        "DF_RENAMED",
        `"${id}" has renamedFrom: "${old}", but "${old}" is still in the pipeline, and the state cannot be of both. ${
          id === old ? "Give the id that it had before" : `Give "${old}" another id`
        }, or take renamedFrom out.`,
      );
    }
    const other = takers.get(old);
    if (other !== undefined) {
      throw new DataflowError(
        "DF_RENAMED",
        `"${other}" and "${id}" both have renamedFrom: "${old}", but its state can go to one of them only. The other begins empty: take renamedFrom out there.`,
      );
    }
    takers.set(old, id);
  }
}

/**
 * What is to be renamed in a state: the nodes whose restart says so, and steps without state that are called after them
 * and have a clock in the state, `clocks` by the id of their last run.
 */
export function dueRenames(
  { nodes, renamedFrom = {} }: Plan,
  restarts: readonly NodeRestart[],
  clocks: Readonly<Record<string, unknown>>,
): Renames {
  const due = restarts.flatMap(({ node, renamedFrom: old }) =>
    old === undefined ? [] : [[old, node] as const],
  );
  const known = new Set(restarts.map(({ node }) => node));
  const others = nodes.flatMap(({ id }) => {
    const old = own(renamedFrom, id);
    if (old === undefined || known.has(id) || known.has(old)) return [];
    return Object.hasOwn(clocks, old) && !Object.hasOwn(clocks, id) ? [[old, id] as const] : [];
  });
  return new Map([...due, ...others]);
}
