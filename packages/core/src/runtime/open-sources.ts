import type { Source } from "../connector.ts";
import type { Plan } from "../plan/plan.ts";

/** What sources are opened with, besides their schema. */
interface Opening {
  readonly directory: string;
  readonly follow?: boolean | undefined;
  readonly generate?: boolean | undefined;
  readonly unsafeStateFs?: boolean | undefined;
}

/** Opens the sources of a plan, by their ids, into a map: what is open when another one fails has to be closed. */
export async function openSources(
  { nodes }: Plan,
  { directory, follow = false, generate = true, unsafeStateFs }: Opening,
  into: Map<string, Source>,
): Promise<void> {
  for (const node of nodes) {
    const schema = node.kind === "source" ? node.outputs[0]?.schema : undefined;
    if (node.kind !== "source" || schema === undefined) continue;
    into.set(node.id, await node.spec.open({ schema, follow, generate, directory, unsafeStateFs }));
  }
}
