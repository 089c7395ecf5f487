import { DataflowError, within } from "../error.ts";

/**
 * Does the work of a node. An error of it says in which node it happened, unless it does already: nodes run inside each
 * other's calls.
 */
export function inNode<T>(node: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof DataflowError) || thrown.code === "DF_BUG" || NAMED.test(thrown.message))
      throw thrown;
    throw within(`Node "${node}"`, thrown);
  }
}

const NAMED = /^(Node|Step|Source|Sink) "/;
