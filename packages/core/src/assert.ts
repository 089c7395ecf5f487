import { DataflowError } from "./error.ts";

/** Holds an invariant of the engine itself; a failure is a bug of ours, never of the user's input. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new DataflowError("DF_BUG", `This is a bug in dataflow: ${sentence}`);
}

/** Ends an exhaustive switch. */
export function unreachable(value: never): never {
  throw new DataflowError("DF_BUG", `This is a bug in dataflow: unexpected ${JSON.stringify(value)}`);
}

/** The value, which must be there. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) {
    throw new DataflowError("DF_BUG", `This is a bug in dataflow: ${what} is missing`);
  }
  return value;
}
