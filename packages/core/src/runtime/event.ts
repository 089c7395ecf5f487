import type { Batch } from "../batch/batch.ts";
import type { SplitStatus } from "../checkpoint/records.ts";
import type { Epoch } from "../stream.ts";
import type { Time } from "../time.ts";

/** What travels along an edge of the graph, in order. */
export type StreamEvent = Happening & {
  /** Called once it is done and nobody reads its batch any more: where it came from there is room for another one. */
  readonly done?: (() => void) | undefined;
};

type Happening =
  | { readonly kind: "batch"; readonly batch: Batch }
  | { readonly kind: "clock"; readonly clock: Time; readonly status: SplitStatus }
  /** Everything before it belongs to the epoch. */
  | { readonly kind: "barrier"; readonly epoch: Epoch }
  /** No rows are coming any more; barriers may. */
  | { readonly kind: "end" };

/** The receiving end of an edge. */
export interface Target {
  /** Takes the event in any case; "full" asks to send no more until `full()` is false again. */
  push(event: StreamEvent): "ok" | "full";
  /** Whoever hands a question on gives its number, so that no node is asked the same twice. */
  full(question?: number): boolean;
}
