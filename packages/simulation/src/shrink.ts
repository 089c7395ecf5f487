import type { SimulationOptions } from "./history.ts";
import { simulate } from "./simulation.ts";
import { Violation } from "./verdict.ts";

/** A violation with as few faults as it needs. */
export interface Shrunk {
  readonly violation: Violation;
  /** Places of the faults that it needs. */
  readonly faults: readonly number[];
}

/** Leaves out faults, one after the other, as long as something is still violated. */
export async function shrink(violation: Violation, options: SimulationOptions = {}): Promise<Shrunk> {
  const { seed, faults: drawn } = violation.place ?? { seed: 0, faults: 0 };
  let found: Shrunk = { violation, faults: Array.from({ length: drawn }, (_, place) => place) };
  for (let place = drawn - 1; place >= 0; place--) {
    const faults = found.faults.filter((other) => other !== place);
    const again = await violationOf(seed, { ...options, faults });
    if (again !== undefined) found = { violation: again, faults };
  }
  return found;
}

/** What the history of a seed violates. */
export async function violationOf(seed: number, options: SimulationOptions): Promise<Violation | undefined> {
  try {
    await simulate(seed, options);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Violation) return thrown;
    throw thrown;
  }
}
