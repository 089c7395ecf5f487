import { DataflowError } from "@df/core";
import type { Lambda } from "./lambda-source.ts";

const WAITING = /^\[object (?:AsyncFunction|AsyncGeneratorFunction)\]$/;

/**
 * Refuses what cannot run inside a batch. A generator is refused except where many rows are made of one.
 * @throws DF_LAMBDA when it is no function, DF_ASYNC_LAMBDA for async functions and generators
 */
export function checkLambda(lambda: unknown, verb: string, mayYield = false): asserts lambda is Lambda {
  if (typeof lambda !== "function") {
    throw new DataflowError(
      "DF_LAMBDA",
      `${verb} needs a function, not ${lambda === null ? "null" : typeof lambda}.`,
    );
  }
  const kind = Object.prototype.toString.call(lambda);
  if (WAITING.test(kind)) {
    throw new DataflowError(
      "DF_ASYNC_LAMBDA",
      `The lambda of ${verb} is async, but it runs inside a batch and cannot wait. Make it synchronous.`,
    );
  }
  if (kind === "[object GeneratorFunction]" && !mayYield) {
    throw new DataflowError(
      "DF_ASYNC_LAMBDA",
      `The lambda of ${verb} is a generator, but it must return its result. Use flatMap() for several rows.`,
    );
  }
}
