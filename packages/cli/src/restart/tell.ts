/** What a run tells the process that has started it, and will start it again. */
import { DataflowError } from "@df/core/error";
import { explain } from "../exit.ts";

/** A message of a run. */
export type Told =
  | { readonly kind: "got on" }
  /** Why it ends, in words, and whether the same may go well another time. */
  | { readonly kind: "failed"; readonly mayPass: boolean; readonly reason: string };

/**
 * Failures of our own that come from outside of pipeline, rows and state, besides those that are transient. What a
 * function of the user throws, as a source or as a callback, is mostly another system that does not answer.
 */
const OUTSIDE = new Set([
  "DF_BUG",
  "DF_CALLBACK",
  "DF_INBOX_FILE",
  "DF_SOURCE_FAILED",
  "DF_STATE_CLOSED",
  "DF_STATE_IO",
  "DF_STORE_IO",
  "DF_UNREACHABLE",
]);

/** Tells that a run has stored a checkpoint or recorded a delivery. */
export function tellGotOn(): void {
  tell({ kind: "got on" });
}

/** Tells why a run ends. */
export function tellFailure(...thrown: readonly unknown[]): void {
  tell({
    kind: "failed",
    mayPass: thrown.every(mayPass),
    reason: explain(thrown[0]).split("\n", 1)[0] ?? "",
  });
}

/**
 * Whether a failure of a running pipeline may pass. Refusals and rejected rows come again each time; what is not ours,
 * such as an error that nobody caught, may not.
 */
export function mayPass(thrown: unknown): boolean {
  return !(thrown instanceof DataflowError) || thrown.transient || OUTSIDE.has(thrown.code);
}

/** Whoever did not start us to be told has no channel, or ignores it. */
function tell(told: Told): void {
  process.send?.(told, undefined, undefined, () => undefined);
}
