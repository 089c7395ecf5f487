/** What the threads of a run that have shards say to each other. */
import type { NodeChunk, LedgerEntry, Mark, PlacedFrame, SplitRecord } from "../checkpoint/records.ts";
import type { Elsewhere } from "../connector.ts";
import type { BudgetUse } from "../state/state-budget.ts";
import type { Epoch } from "../stream.ts";
import type { ToldError } from "../thread-errors.ts";
import type { Time } from "../time.ts";
import type { BatchParcel } from "./batch-parcel.ts";
import type { StreamEvent } from "./event.ts";
import type { InputClock } from "./input-clock.ts";
import type { Counts } from "./quiet.ts";
import type { FoundAt } from "./source-runner.ts";
import type { SourceView, SplitView, StepView } from "./waiting.ts";

/** A runner by its node and shard. */
export interface RunnerName {
  readonly node: string;
  readonly shard: number;
}

/** What travels on a channel between threads. */
export type CarriedEvent =
  | Exclude<StreamEvent, { readonly kind: "batch" }>
  | { readonly kind: "batch"; readonly parcel: BatchParcel };

/** What a thread tells another one. Of each kind the order is kept, and among all of them. */
export type LinkMessage =
  | { readonly kind: "event"; readonly channel: number; readonly event: CarriedEvent }
  /** The event that was sent longest ago is done; its memory comes back. */
  | { readonly kind: "taken"; readonly channel: number; readonly spare: ArrayBuffer | undefined }
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | ShardWord;

/** What the main thread tells the others to do. */
export type Order =
  /** What splits of a source have in common, under a number: see `Elsewhere`. */
  | { readonly kind: "shared"; readonly shared: number; readonly of: Omit<Elsewhere, "split"> }
  | {
      readonly kind: "split";
      readonly runner: RunnerName;
      readonly split: string;
      readonly shared: number;
      readonly own: unknown;
      readonly record: SplitRecord | undefined;
      readonly found: FoundAt;
    }
  | { readonly kind: "barrier"; readonly epoch: Epoch }
  /** Sources take no more rows, or do again. */
  | { readonly kind: "rest"; readonly rests: boolean }
  /** Splits that speak again have their mark, at what was reached by source. */
  | {
      readonly kind: "speak";
      readonly runners: readonly RunnerName[];
      readonly reached: ReadonlyMap<string, Time>;
    }
  /** A clean stop begins. */
  | { readonly kind: "stop" }
  /** The end of a bounded or drained input. */
  | { readonly kind: "finish" }
  /** Asks for the views of now. */
  | { readonly kind: "view" };

/** What a thread tells the main one. */
export type ShardWord =
  | { readonly kind: "opened" }
  | { readonly kind: "news"; readonly news: ShardNews }
  | { readonly kind: "view"; readonly view: ShardView; readonly asked: boolean }
  | { readonly kind: "frames"; readonly frames: readonly PlacedFrame[] }
  | { readonly kind: "part"; readonly part: EpochPart; readonly view: ShardView }
  | { readonly kind: "failed"; readonly error: ToldError }
  /** Asks for pieces of stored state. */
  | {
      readonly kind: "ask";
      readonly id: number;
      readonly what: "chunkList" | "chunks";
      readonly given: unknown;
    };

/** How far a thread is, at one moment. */
export interface ShardNews extends Counts {
  /** All of its splits have ended, or have stopped. */
  readonly ended: boolean;
  readonly stopped: boolean;
  /** It has something that the last checkpoint does not have. */
  readonly active: boolean;
  /** Runners with a split that speaks again, which all receivers have been told. */
  readonly waking: readonly RunnerName[];
  /** Clocks of the nodes and sources here; only while sources rest. */
  readonly clocks: readonly { readonly node: string; readonly clock: Time }[];
  /** Bytes that sinks hold since the last barrier, by sink, and those that the state does not have yet. */
  readonly sinkBytes: ReadonlyMap<string, number>;
  readonly bytesInMemory: number;
  readonly rowsRead: number;
  readonly budget: BudgetUse;
  readonly hasSpilled: boolean;
}

/** What the shards of a thread contribute to an epoch. */
export interface EpochPart {
  readonly chunks: readonly NodeChunk[];
  /** In the order of each shard. */
  readonly held: readonly PlacedFrame[];
  readonly ledger: readonly LedgerEntry[];
  readonly splits: readonly SplitRecord[];
  readonly marks: readonly Mark[];
  readonly clocks: readonly { readonly node: string; readonly state: InputClock | undefined }[];
}

/** What is shown of the shards of a thread. */
export interface ShardView {
  readonly steps: readonly (StepView & { readonly clock: Time; readonly entry: LedgerEntry })[];
  readonly sources: readonly (SourceView & {
    readonly statuses: readonly SplitView["status"][];
    readonly entry: LedgerEntry;
  })[];
}
