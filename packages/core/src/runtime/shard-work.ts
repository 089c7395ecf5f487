import type { CheckpointRecord } from "../checkpoint/records.ts";
import type { Migrating } from "./migrating.ts";
import type { PlanAsOnMain } from "./plan-elsewhere.ts";

/** What a thread that has shards of a run is started with: plain data. */
export interface ShardWork extends PlanAsOnMain {
  /** The number of this thread, from 1. */
  readonly thread: number;
  readonly shards: number;
  readonly restored: Pick<CheckpointRecord, "epoch" | "clocks"> | undefined;
  readonly migrating: Migrating;
  readonly stateDirectory: string;
  /** For the state of its shards. */
  readonly budgetBytes: number;
  readonly decodeThreads: number;
  readonly generate: boolean;
  readonly follow: boolean;
  readonly aheadBytesMin: number | undefined;
}
